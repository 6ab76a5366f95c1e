#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# package.sh BUILD VERSION: installs the build into a prefix of its own, moves that, and uses it from
# outside: through pkg-config and find_package, shared and static, in C, C++ and Python, from gcc and
# clang; and its command line.
set -euo pipefail

build=$1 version=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
consumer=$source/tests/compat/consumer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/moved
strict=(-Wall -Wextra -Wpedantic -Wundef -Werror)

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

# compile NAME COMPILER STANDARD SOURCE FLAGS...: builds $work/NAME.
compile() {
    local name=$1 compiler=$2 standard=$3 source=$4
    shift 4
    command -v "$compiler" >/dev/null || fail "$compiler is not installed"
    "$compiler" -std="$standard" "${strict[@]}" -o "$work/$name" "$consumer/$source" "$@" ||
        fail "$compiler does not build $source as $standard with $*"
}

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log" || fail "cannot install"
mv "$work/prefix" "$prefix"
libdir=$(dirname "$(find "$prefix" -name libccmem.so -print -quit)")

# --- what is there

[[ $(readelf -d "$libdir/libccmem.so") == *'(SONAME)'*'[libccmem.so.0]'* ]] || fail "no SONAME 0"
[[ -e $libdir/libccmem.so.0 && -e $libdir/libccmem.so.$version ]] || fail "no links of the SONAME"
unversioned=$(nm -D --defined-only "$libdir/libccmem.so" | grep -v '@@CCMEM_0$' |
    grep -v ' A CCMEM_0$') || true
[[ -z $unversioned ]] || fail "symbols without a version: $unversioned"
[[ $(readelf -d "$libdir/libccmem.so") != *'(NEEDED)'*alloc* ]] || fail "an allocator is linked"
for file in prometheus/ccmem.rules.yml prometheus/prometheus.yml grafana/ccmem.json; do
    cmp -s "$prefix/share/ccmem/$file" "$source/deploy/$file" || fail "no share/ccmem/$file"
done

# --- pkg-config

export PKG_CONFIG_PATH=$libdir/pkgconfig
[[ $(pkg-config --modversion ccmem) == "$version" ]] || fail "pkg-config knows another version"
read -ra shared < <(pkg-config --cflags --libs ccmem)
read -ra static < <(pkg-config --cflags --static --libs ccmem)
# The archive and not the shared library, though both are there.
archive=("${static[@]/#-lccmem/$libdir/libccmem.a}")

export LD_LIBRARY_PATH=$libdir
# The inline functions of the headers are other code without optimisation.
for level in -O0 -O2; do
    for compiler in gcc clang; do
        for standard in c11 c17; do
            compile shared "$compiler" "$standard" main.c "$level" "${shared[@]}"
            expect_version "$work/shared"
        done
        compile static "$compiler" c11 main.c "$level" "${archive[@]}"
        expect_version env -u LD_LIBRARY_PATH "$work/static"
    done
    for compiler in g++ clang++; do
        compile shared "$compiler" c++17 main.cpp "$level" "${shared[@]}" -pthread
        expect_version "$work/shared"
        compile static "$compiler" c++17 main.cpp "$level" "${archive[@]}" -pthread
        expect_version env -u LD_LIBRARY_PATH "$work/static"
    done
done
expect_version /usr/bin/python3 "$consumer/main.py" "$libdir/libccmem.so.0"

# --- the profiler, which finds what is installed with it

compile profile gcc c11 profile.c -g "${shared[@]}"
expect_version "$work/profile" found
expect_version env -C "$libdir" LD_LIBRARY_PATH=. "$work/profile" found
compile archived gcc c11 profile.c -g "${archive[@]}"
expect_version "$work/archived" found # by the loader's path
unset LD_LIBRARY_PATH
expect_version "$work/archived" missing
cp "$work/archived" "$prefix/bin/archived"
expect_version "$prefix/bin/archived" found
mv "$libdir/libccmem_report.so" "$work/libccmem_report.so"
expect_version env LD_LIBRARY_PATH="$libdir" "$work/profile" missing
mv "$work/libccmem_report.so" "$libdir"

# A program without any shared library. The linker warns of dlopen, which opens the backends.
compile whole gcc c11 main.c -static "${static[@]}" 2>"$work/whole.log" ||
    { cat "$work/whole.log"; fail "no static program"; }
expect_version "$work/whole"
# It would need a second C library, in which its blocks are not.
compile whole gcc c11 profile.c -g -static "${static[@]}" 2>"$work/whole.log" ||
    { cat "$work/whole.log"; fail "no static program"; }
expect_version env LD_LIBRARY_PATH="$libdir" "$work/whole" missing

# --- find_package

cmake -G Ninja -S "$consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.log" ||
    { cat "$work/cmake.log"; fail "find_package does not find it"; }
cmake --build "$work/build" >"$work/build.log" || { cat "$work/build.log"; fail "no build"; }
for program in ccmem_c ccmem_cpp ccmem_static_c ccmem_static_cpp; do
    expect_version "$work/build/$program"
done

# --- the command line

ccmem=$prefix/bin/ccmem
for command in $("$ccmem" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    [[ -s $prefix/share/man/man1/ccmem-$command.1 ]] || fail "no manual of ccmem $command"
done
[[ -s $prefix/share/man/man1/ccmem.1 ]] || fail "no manual of ccmem"
[[ -s $prefix/share/bash-completion/completions/ccmem ]] || fail "no completion"
[[ $("$ccmem" --version) == "ccmem $version" ]] || fail "ccmem is another version"
[[ $("$ccmem" run --allocator mimalloc -- "$ccmem" info --short) == mimalloc* ]] ||
    fail "ccmem run does not work from where it was moved"
"$ccmem" profile -q -o "$work/trace.ccm" -- "$ccmem" --version >/dev/null ||
    fail "ccmem profile does not work from where it was moved"
[[ $("$ccmem" report "$work/trace.ccm") == *Allocated* ]] || fail "nothing was recorded"
echo "installed, moved, and used from C, C++ and Python, shared and static"
