#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every source names its licence, docs/licences.md names every library that is linked, and what
comes from npm is under a licence that asks for no more than to be named.

The rows of its table are "artefact | library | how | licence": a shared library is named as the
artefact asks for it (readelf -d), a static one by its file (the linker's command line)."""
import json
import pathlib
import re
import subprocess

import elf
import tree

SPDX = "SPDX-License-Identifier: MIT"
SOURCES = ("*.c", "*.h", "*.cpp", "*.py", "*.sh", "*.bash", "*.cmake", "*.cmake.in", "*.pc.in",
           "*.map", "*.mjs", "*.ts", "*.css", "*CMakeLists.txt", "dev", ".ci/run")
DOCUMENT = "docs/licences.md"
BUILD = tree.ROOT / "build"
# Built only where their sources are; the first must always be there.
ARTEFACTS = ("lib/libccmem.so.0", "lib/libccmem_report.so", "lib/libccmem_preload.so",
             "lib/libccmem_verify.so", "bin/ccmem")
PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
# Tests may run, unchanged, what asks for changes of its own files to be published.
FOR_TESTS = PERMISSIVE | {"MPL-2.0"}
ROW = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \| (shared|static) \| ([^|]+) \|$", re.MULTILINE)


def without_spdx():
    for name in tree.files(*SOURCES):
        first_lines = tree.read(name).split("\n")[:2]
        if not any(SPDX in line for line in first_lines):
            yield f"{name}: no '{SPDX}' in the first lines"


def static_libraries(artefact):
    """Archives from outside the build folder on the command line that links the artefact."""
    target = (BUILD / artefact).resolve().relative_to(BUILD.resolve())
    commands = subprocess.run(["ninja", "-C", str(BUILD), "-t", "commands", "-s", str(target)],
                              check=True, capture_output=True, text=True).stdout
    archives = (pathlib.Path(word) for word in commands.split() if word.endswith(".a"))
    return {path.name for path in archives
            if path.is_absolute() and BUILD not in path.parents}


def linked():
    """{(artefact, library, how)} as built."""
    for artefact in ARTEFACTS:
        path = BUILD / artefact
        if path.exists():
            yield from ((artefact, name, "shared") for name in elf.needed(path))
            yield from ((artefact, name, "static") for name in static_libraries(artefact))


def table_problems():
    text = tree.read(DOCUMENT)
    stated = {(artefact, library, how) for artefact, library, how, _ in ROW.findall(text)}
    if not (BUILD / ARTEFACTS[0]).exists():
        yield f"{BUILD / ARTEFACTS[0]}: not built"
        return
    found = set(linked())
    for artefact, library, how in sorted(found - stated):
        yield f"{DOCUMENT}: {artefact} links {library} ({how}), which is not in the table"
    for artefact, library, how in sorted(stated - found):
        if (BUILD / artefact).exists():
            yield f"{DOCUMENT}: {artefact} does not link {library} ({how})"


def npm_problems():
    for name in tree.files("*package-lock.json"):
        allowed = FOR_TESTS if name.startswith("tests/") else PERMISSIVE
        for path, package in json.loads(tree.read(name))["packages"].items():
            licence = package.get("license", "no licence")
            if licence not in allowed:
                yield f"{name}: {path or 'the package itself'}: {licence}"


tree.finish("check-licences", [*without_spdx(), *table_problems(), *npm_problems()],
            f"{len(tree.files(*SOURCES))} sources, what is linked, and what comes from npm")
