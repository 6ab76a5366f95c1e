# SPDX-License-Identifier: MIT
"""The gates of `./dev check` that need no build: each refuses what it is there to refuse.

Every case is a small tree in which the gate holds, and one line that must break it."""
import pathlib
import shutil
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).parents[2]
LICENCE = "SPDX-License-Identifier: MIT"
TREE = {
    "README.md": "# Title\n",
    "docs/README.md": "[title](../README.md#title) [inner](inner.md)\n",
    "docs/inner.md": "# Inner\n",
    "cmake/layers.txt": "low:\nhigh: low\nhigh/far: low high\nprim:\n",
    "include/ccmem/api.h": f"/* {LICENCE} */\n",
    "src/low/a.h": f"/* {LICENCE} */\n#include <ccmem/api.h>\n",
    "src/low/a.c": f'/* {LICENCE} */\n#include <stdio.h>\n#include "low/a.h"\n',
    "src/high/b.h": f'/* {LICENCE} */\n#include "low/a.h"\n',
    "src/high/b.c": f'/* {LICENCE} */\n#include "high/b.h"\n',
    "src/high/far.h": f'/* {LICENCE} */\n#include "high/b.h"\n',
    "src/prim/os.c": f"/* {LICENCE} */\n#ifdef __linux__\n#endif\n",
}
# The forbidden words are written in two parts, because this file is checked too.
BREAKS = [
    ("check-layers.py", "src/low/a.c", '#include "high/b.h"', "low must not include high"),
    ("check-layers.py", "src/high/b.c", '#include "high/far.h"', "must not include high/far"),
    ("check-layers.py", "src/low/a.c", '#include "low/none.h"', "does not exist"),
    ("check-layers.py", "src/low/a.c", '#include "../high/b.c"', "source file"),
    ("check-layers.py", "src/low/a.c", "#if defined(__linux__)", "outside src/prim"),
    ("check-layers.py", "src/new/c.c", "int x;", "not in cmake/layers.txt"),
    ("check-layers.py", "include/ccmem/api.h", '#include "low/a.h"', "must not include low"),
    ("check-layers.py", "cmake/layers.txt", "loop: loop", "cycle"),
    ("check-layers.py", "cmake/layers.txt", "lost: none", "unknown"),
    ("check-words.py", "src/low/a.c", "/* TO" "DO: later */", "unfinished"),
    ("check-words.py", "README.md", "see /ho" "me/someone/x", "one machine"),
    ("check-words.py", "README.md", "from py" "pi.org", "registry"),
    ("check-words.py", "README.md", "<" "<<<<<< HEAD", "merge"),
    ("check-words.py", "src/low/a.o", "", "made by a build"),
    ("check-docs.py", "README.md", "[gone](gone.md)", "does not exist"),
    ("check-docs.py", "docs/inner.md", "[x](../README.md#nothing)", "no such heading"),
    ("check-docs.py", "docs/lonely.md", "# Lonely", "does not lead to it"),
]


@pytest.fixture
def tree(tmp_path):
    shutil.copytree(PROJECT / "scripts", tmp_path / "scripts")
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def run_gate(tree, gate):
    return subprocess.run([sys.executable, tree / "scripts" / gate], capture_output=True,
                          text=True)


@pytest.mark.parametrize("gate", sorted({case[0] for case in BREAKS}))
def test_gate_holds(tree, gate):
    run = run_gate(tree, gate)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("gate, name, line, message", BREAKS)
def test_gate_refuses(tree, gate, name, line, message):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    run = run_gate(tree, gate)
    assert run.returncode == 1
    assert message in run.stderr
