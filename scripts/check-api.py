#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public headers and the library agree.

Every CC_API function and every inline function of include/ccmem has a comment directly above, but
for the private parts of an inline one, whose names end with "_"; libccmem.so and libccmem.a define
all that is CC_API; the .so exports nothing else; every header has an example, and the examples
compile without a warning, link and run."""
import pathlib
import re
import subprocess
import sys
import tempfile

import tree

BUILD = tree.ROOT / "build"
SHARED = BUILD / "lib/libccmem.so"
STATIC = BUILD / "lib/libccmem.a"
DECLARATION = re.compile(r"^(CC_API\b|static inline\b)[^;{]*?\b(cc_\w+)\s*\(", re.MULTILINE)
VARIABLE = re.compile(r"^extern CC_API\b[^;(]*?\b(cc_\w+)(?:\[[^;]*)?;", re.MULTILINE)
EXAMPLE = re.compile(r"^ \* Example:\n((?: \*(?:   .*)?\n)+)", re.MULTILINE)
# Headers that are there for the others need none.
NO_EXAMPLE = re.compile(r"/api\.h$|_inline\.h$")
STANDARD = "assert stdbool stddef stdint stdio stdlib string"


def declarations(header, text):
    """(name, exported, problem) of every function and variable of a header."""
    for match in DECLARATION.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        documented = text[:match.start()].endswith("*/\n") or match[2].endswith("_")
        problem = None if documented else f"{header}:{line}: {match[2]} has no comment above it"
        yield match[2], match[1] == "CC_API", problem
    for match in VARIABLE.finditer(text):
        yield match[1], True, None


def symbols(*command):
    out = subprocess.run(["nm", "--defined-only", "--format=posix", *command], check=True,
                         capture_output=True, text=True).stdout
    names = (line.split()[:2] for line in out.splitlines() if len(line.split()) > 2)
    return {name.split("@")[0] for name, kind in names if kind in "TBDRVW"}


def example_source(header, body):
    body = re.sub(r"^ \*(   )?", "    ", body, flags=re.MULTILINE)
    includes = "".join(f"#include <{name}.h>\n" for name in STANDARD.split())
    return (f"{includes}#include <{header.removeprefix('include/')}>\n"
            f"int main(void)\n{{\n{body}    return 0;\n}}\n")


def check_example(header, text):
    match = EXAMPLE.search(text)
    if not match:
        return [] if NO_EXAMPLE.search(header) else [f"{header}: has no example"]
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "example")
        source = program.with_suffix(".c")
        source.write_text(example_source(header, match[1]), encoding="utf-8")
        command = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", tree.ROOT / "include",
                   source, SHARED, f"-Wl,-rpath,{SHARED.parent}", "-o", program]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            return [f"{header}: the example does not compile\n{run.stderr}"]
        run = subprocess.run([program], capture_output=True, timeout=60)
        if run.returncode != 0:
            return [f"{header}: the example ends with status {run.returncode}"]
    return []


def main():
    if not SHARED.exists():
        sys.exit(f"check-api: {SHARED}: not built")
    problems, exported = [], set()
    headers = tree.files("include/ccmem/*.h")
    for header in headers:
        text = tree.read(header)
        for name, public, problem in declarations(header, text):
            exported |= {name} if public else set()
            problems += [problem] if problem else []
        problems += check_example(header, text)

    shared, static = symbols("--dynamic", str(SHARED)), symbols("--extern-only", str(STATIC))
    problems += [f"{name} is exported but not declared" for name in sorted(shared - exported)]
    problems += [f"{name} is declared but not exported" for name in sorted(exported - shared)]
    problems += [f"{name} is not in libccmem.a" for name in sorted(exported - static)]
    problems += [f"libccmem.a defines {name}, which is neither cc_ nor cci_"
                 for name in sorted(static) if not name.startswith(("cc_", "cci_"))]
    if not exported:
        problems.append("no function is declared at all")
    tree.finish("check-api", problems, f"{len(exported)} names in {len(headers)} headers")


main()
