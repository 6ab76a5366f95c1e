#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sources are as clang-format would write them; no file has blanks at the end of a line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tree=(/usr/bin/python3 scripts/tree.py)
status=0

# The first difference of each file, as FILE:LINE.
differences() {
    clang-format --dry-run "$@" 2>&1 |
        sed -nE 's/^([^:]+:[0-9]+):[0-9]+: .*/\1/p' | sort -u -t: -k1,1
}

mapfile -t sources < <("${tree[@]}" '*.c' '*.h' '*.cpp')
mapfile -t wrong < <(differences "${sources[@]}")
if ((${#wrong[@]} > 0)); then
    printf 'check-format: %s: ./dev fmt writes it differently\n' "${wrong[@]}" >&2
    status=1
fi

mapfile -t texts < <("${tree[@]}" | grep -Ev '^tests/.*(corpus|golden|data)/')
if grep -nIE '[[:blank:]]+$' "${texts[@]}"; then
    echo "check-format: blanks at the end of lines" >&2
    status=1
fi
((status != 0)) || echo "check-format: ${#sources[@]} sources"
exit "$status"
