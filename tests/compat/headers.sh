#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh INCLUDE CC CXX: every public header alone, in every language it promises.
set -euo pipefail

include=$1 cc=$2 cxx=$3
strict=(-Wall -Wextra -Wpedantic -Wundef -Werror -fsyntax-only -I "$include")
failed=0

# compile LANGUAGE STANDARD COMPILER HEADER
compile() {
    # The variable is there because C has no empty files.
    printf '#include <ccmem/%s>\nextern int header;\n' "$4" |
        "$3" -x "$1" -std="$2" "${strict[@]}" - && return
    echo "ccmem/$4 is no $2" >&2
    failed=1
}

count=0
for path in "$include"/ccmem/*.h; do
    header=${path##*/}
    compile c c11 "$cc" "$header"
    compile c c17 "$cc" "$header"
    compile c++ c++17 "$cxx" "$header"
    count=$((count + 1))
done
echo "$count headers"
[[ $count -gt 0 && $failed -eq 0 ]]
