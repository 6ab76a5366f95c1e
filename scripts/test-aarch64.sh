#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds for 64-bit Arm into build-aarch64/ and runs there what an emulator can; CONTRIBUTING.md says
# what that shows. Further arguments go to ctest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=build-aarch64
format=/proc/sys/fs/binfmt_misc/qemu-aarch64
# A file of the machine, as far as it tells; what may differ is masked: the system, the low bit of the type.
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

# About the unwind tables of x86-64.
other='unwind_tables_test|unwind_prop'
# qemu 7.2 dies when a process forks while its threads come and go, and it has no process_vm_readv.
broken='heap_observer_threads_test|heap_fork_stress|blockpool_stress|smr_stress|prim_test'
# These fail at signals, coroutines and children; whether it is the emulator is not known.
broken+='|stacks_test|measure_test|attach_test|local_life_test|profiler_test|recorder_stress'
# In the namespace below nobody is another user.
broken+='|collector_spool_test'
# Debian's tcmalloc for it does not fit into a process that runs already, as the message says.
lacking='backend_choice_test|backend_registry_test'

# Programs start programs, so the system has to know the emulator: package qemu-user-binfmt. Where that
# cannot be, as in a container, a namespace of its own knows it, from Linux 6.7 on.
with_emulator() {
    if [[ -e $format ]]; then
        "$@"
        return
    fi
    # shellcheck disable=SC2016 # the inner shell's
    unshare -Urm bash -c 'mount -t binfmt_misc none "${1%/*}" && printf %s "$2" >"${1%/*}/register" &&
        shift 2 && exec "$@"' - "$format" ":qemu-aarch64:M::$magic:$mask:$(command -v qemu-aarch64):" "$@"
}

cmake --preset release --toolchain cmake/aarch64.cmake -B "$folder"
cmake --build "$folder" -j "$(nproc)"
with_emulator ctest --test-dir "$folder" -j "$(nproc)" --output-on-failure --no-tests=error \
    -LE compat -E "^($other|$broken|$lacking)\$" "$@"
# Of this one, all but its forks.
for part in slots visits barriers visitors stalled; do
    with_emulator "$folder/tests/stress/smr_stress" "$part"
done
