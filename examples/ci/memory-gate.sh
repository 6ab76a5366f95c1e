#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# memory-gate.sh OLD NEW [ARGUMENT...]
#
# Records two builds of a program at the same work and fails when the new one needs more memory
# than the gates below allow. Both run here and now, so that machine and libraries are the same,
# and both programs are still there when their functions are looked up.
#
# Exit status: 0 all gates passed, 1 one failed, 2 wrong usage, 3 one cannot be decided; that of
# the program when it fails itself. The traces stay in memory-gate/ to be looked at.
set -euo pipefail

if (($# < 2)); then
    echo "usage: $0 OLD NEW [ARGUMENT...]" >&2
    exit 2
fi
old=$1 new=$2
shift 2

gates=(
    --fail-if 'peak_allocated > +5%'
    --fail-if 'alloc_count > +10%'
    --fail-if 'leaked_bytes > +0'
)

mkdir -p memory-gate
ccmem profile -q -f -o memory-gate/old.ccm -- "$old" "$@" >memory-gate/old.out
ccmem profile -q -f -o memory-gate/new.ccm -- "$new" "$@" >memory-gate/new.out
exec ccmem diff -q memory-gate/old.ccm memory-gate/new.ccm "${gates[@]}"
