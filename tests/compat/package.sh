#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# package.sh BUILD VERSION: installs the build into a prefix of its own and uses it from outside,
# through pkg-config (shared and static) and through find_package.
set -euo pipefail

build=$1 version=$2
consumer=$(cd "$(dirname "$0")/consumer" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

fail() {
    echo "package: $*" >&2
    exit 1
}

# expect_version COMMAND...: the consumer prints the version of the library it runs with.
expect_version() {
    local got
    got=$("$@") || fail "$* failed"
    [[ $got == "$version" ]] || fail "$* printed '$got', not '$version'"
}

cmake --install "$build" --prefix "$prefix" >"$work/install.log" || fail "cannot install"
libdir=$(dirname "$(find "$prefix" -name libccmem.so -print -quit)")
[[ -e $libdir/libccmem.so.0 ]] || fail "no libccmem.so.0"

export PKG_CONFIG_PATH=$libdir/pkgconfig
[[ $(pkg-config --modversion ccmem) == "$version" ]] || fail "pkg-config knows another version"
# Flags are words.
# shellcheck disable=SC2046
cc -std=c11 -o "$work/shared" "$consumer/main.c" $(pkg-config --cflags --libs ccmem)
LD_LIBRARY_PATH=$libdir expect_version "$work/shared"
cc -std=c11 -I "$prefix/include" -o "$work/static" "$consumer/main.c" "$libdir/libccmem.a"
expect_version "$work/static"

cmake -G Ninja -S "$consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.log" ||
    { cat "$work/cmake.log"; fail "find_package does not find it"; }
cmake --build "$work/build" >"$work/build.log" || { cat "$work/build.log"; fail "no build"; }
expect_version "$work/build/consumer"
expect_version "$work/build/consumer_static"

# A program that is moved finds its preload library beside it.
if [[ -x $prefix/bin/ccmem && -e $build/lib/libccmem_preload.so ]]; then
    [[ -e $libdir/libccmem_preload.so ]] || fail "the preload library is not installed"
fi
echo "installed, and found three ways"
