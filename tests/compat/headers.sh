#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh INCLUDE CC CXX [CC CXX]...: every public header alone, in every language it promises,
# by every pair of compilers.
set -euo pipefail

include=$1
shift
strict=(-Wall -Wextra -Wpedantic -Wundef -Werror -fsyntax-only -I "$include")
failed=0

# compile LANGUAGE STANDARD COMPILER HEADER
compile() {
    # The variable is there because C has no empty files.
    printf '#include <ccmem/%s>\nextern int header;\n' "$4" |
        "$3" -x "$1" -std="$2" "${strict[@]}" - && return
    echo "ccmem/$4 is no $2 to $3" >&2
    failed=1
}

# check CC CXX
check() {
    local path header
    for path in "$include"/ccmem/*.h; do
        header=${path##*/}
        # X_inline.h is the second half of X.h.
        [[ $header == *_inline.h ]] && continue
        compile c c11 "$1" "$header"
        compile c c17 "$1" "$header"
        compile c++ c++17 "$2" "$header"
        count=$((count + 1))
    done
}

count=0
while (($# >= 2)); do
    check "$1" "$2"
    shift 2
done
echo "$count times a header"
[[ $count -gt 0 && $failed -eq 0 ]]
