#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every #include goes down the table of cmake/layers.txt, and only src/prim asks for the OS.

Refused: an include of a layer that the table does not grant, of a file that does not exist, of
a .c file, a folder of src/ that is not in the table, a cycle in the table, and an #if on an
operating system outside src/prim."""
import re

import tree

PUBLIC = "include/ccmem"
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
OS_MACRO = re.compile(r"\s*#\s*(?:el)?if.*\b(__linux__|__unix__|__APPLE__|_WIN32|__FreeBSD__|"
                      r"__ANDROID__|__GLIBC__)\b")


def read_table():
    """{layer: set of layers it may include}; layers are paths from the root, or FOLDER/STEM."""
    lines = [line for line in tree.read("cmake/layers.txt").splitlines()
             if line and not line.startswith("#")]
    names = {line.split(":")[0] for line in lines}
    table = {}
    for line in lines:
        layer, needs = line.split(":")
        unknown = set(needs.split()) - names
        if unknown:
            raise SystemExit(f"check-layers: cmake/layers.txt: unknown layers {sorted(unknown)}")
        table[layer] = set(needs.split())
    return table


def has_cycle(table):
    """Take away what needs nothing that is left; a cycle is what cannot be taken away."""
    left = dict(table)
    while left:
        free = [layer for layer, needs in left.items() if not needs & left.keys()]
        if not free:
            return sorted(left)
        for layer in free:
            del left[layer]
    return None


def layer_of(path, table):
    """The layer of a file: the longest entry that its path begins with, None outside."""
    if path.startswith(PUBLIC + "/"):
        return PUBLIC
    inner = path.removeprefix("src/")
    fits = [layer for layer in table
            if inner.startswith(layer if "/" in layer else layer + "/")]
    return max(fits, key=len, default=None)


def resolve(path, quoted, target, known):
    """The file that an include means, None for one of the system, "" for a missing one."""
    if target.startswith("ccmem/"):
        candidates = ["include/" + target]
    elif quoted:
        folder = path.rsplit("/", 1)[0]
        candidates = ["src/" + target, f"{folder}/{target}"]
    else:
        return None
    return next((name for name in candidates if name in known), "")


def check_include(path, here, quoted, target, table, known):
    if target.endswith(".c"):
        return f"includes the source file {target}"
    found = resolve(path, quoted, target, known)
    if found is None:
        return None
    if found == "":
        return f"includes {target}, which does not exist"
    there = layer_of(found, table)
    if there in (here, PUBLIC) or here not in table and here != PUBLIC:
        return None
    if here == PUBLIC or there not in table[here]:
        return f"{here} must not include {there or 'what is no layer'} ({target})"
    return None


def check_file(path, table, known):
    here = layer_of(path, table)
    if here is None and path.startswith("src/"):
        yield f"{path}: its folder is not in cmake/layers.txt"
        return
    if here is None:
        return
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        problem = match and check_include(path, here, match[1] == '"', match[2], table, known)
        if problem:
            yield f"{path}:{number}: {problem}"
        match = OS_MACRO.match(line)
        if match and here != "prim" and path.startswith(("src/", "cli/", PUBLIC)):
            yield f"{path}:{number}: asks for {match[1]} outside src/prim"


def main():
    table = read_table()
    sources = tree.files("src/*.[ch]", "cli/*.[ch]", "include/*.h", "bench/*.[ch]", "examples/*.c")
    known = set(sources)
    problems = [problem for path in sources for problem in check_file(path, table, known)]
    cycle = has_cycle(table)
    if cycle:
        problems.append(f"cmake/layers.txt: a cycle among {cycle}")
    tree.finish("check-layers", problems, f"{len(sources)} files in {len(table)} layers")


main()
