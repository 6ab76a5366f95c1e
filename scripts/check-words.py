#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must not be in the tree: places of one machine, hosts of package registries, notes of
unfinished work, things that are generated, and files too large to be source."""
import re

import tree

HERE = "scripts/check-words.py"
LARGEST = 512 * 1024
FORBIDDEN = (
    (r"(?<![\w.<$}])/(?:home|root|work|workspace|mnt|Users|builds)/\w", "a path of one machine"),
    (r"\b(?:registry\.[\w-]+\.\w+|pypi\.org|files\.pythonhosted\.org|crates\.io|"
     r"proxy\.golang\.org|deb\.debian\.org|archive\.ubuntu\.com)\b", "a package registry"),
    (r"\b(?:TODO|FIXME|XXX|HACK|WIP)\b", "a note of unfinished work"),
    (r"^(?:<<<<<<<|>>>>>>>) ", "a conflict of a merge"),
    (r"\b(?:lorem ipsum|placeholder|not implemented yet)\b", "something that stands for nothing"),
)
PATTERNS = [(re.compile(pattern, re.IGNORECASE if meaning.startswith("something") else 0), meaning)
            for pattern, meaning in FORBIDDEN]
GENERATED = re.compile(r"\.(?:o|a|so|so\.\d.*|pyc|whl|deb|gz|zst|xz|zip|tar)$|(?:^|/)a\.out$")


def check(name):
    path = tree.ROOT / name
    if GENERATED.search(name) and not name.startswith("tests/"):
        yield f"{name}: is made by a build"
    if path.stat().st_size > LARGEST:
        yield f"{name}: is larger than {LARGEST // 1024} KiB"
        return
    data = path.read_bytes()
    if b"\0" in data or name == HERE:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        for pattern, meaning in PATTERNS:
            match = pattern.search(line)
            if match:
                yield f"{name}:{number}: {meaning}: {match[0]}"


names = tree.files()
tree.finish("check-words", [problem for name in names for problem in check(name)],
            f"{len(names)} files")
