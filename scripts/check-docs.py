#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Links between the documents lead somewhere, also to headings, and docs/README.md leads,
directly or through others, to every document in docs/."""
import posixpath
import re

import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INDEX = "docs/README.md"


def text_of(name):
    return CODE_BLOCK.sub("", tree.read(name))


def anchors(name):
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text_of(name)))
    return {title.strip().replace(" ", "-") for title in titles}


def links(name):
    """(path, anchor) of the links of a document to this tree."""
    for target in LINK.findall(text_of(name)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            folder = posixpath.dirname(name)
            yield (posixpath.normpath(posixpath.join(folder, path)) if path else name), anchor


def broken(name):
    for path, anchor in links(name):
        if not (tree.ROOT / path).exists():
            yield f"{name}: a link to {path}, which does not exist"
        elif anchor and path.endswith(".md") and anchor not in anchors(path):
            yield f"{name}: a link to {path}#{anchor}, which has no such heading"


def reached(start):
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in seen and name.endswith(".md") and (tree.ROOT / name).is_file():
            seen.add(name)
            todo += [path for path, _ in links(name)]
    return seen


documents = tree.files("*.md")
problems = [problem for name in documents for problem in broken(name)]
lost = {name for name in documents if name.startswith("docs/")} - reached(INDEX)
problems += [f"{name}: {INDEX} does not lead to it" for name in sorted(lost)]
tree.finish("check-docs", problems, f"{len(documents)} documents")
