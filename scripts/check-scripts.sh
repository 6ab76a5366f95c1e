#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Shell scripts satisfy shellcheck; Python ones compile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tree=(/usr/bin/python3 scripts/tree.py)
status=0

mapfile -t shells < <("${tree[@]}" dev .ci/run '*.sh' '*.bash')
shellcheck "${shells[@]}" || status=1

mapfile -t pythons < <("${tree[@]}" '*.py')
/usr/bin/python3 - "${pythons[@]}" <<'END' || status=1
import sys

failed = False
for name in sys.argv[1:]:
    try:
        with open(name, encoding="utf-8") as source:
            compile(source.read(), name, "exec")
    except SyntaxError as error:
        print(f"check-scripts: {name}:{error.lineno}: {error.msg}", file=sys.stderr)
        failed = True
sys.exit(failed)
END
((status != 0)) || echo "check-scripts: ${#shells[@]} shell, ${#pythons[@]} Python"
exit "$status"
