#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files of the project: what git tracks or would track; without git, all but build folders.

    tree.py [PATTERN...]    prints those whose path matches a shell pattern, one a line
"""
import fnmatch
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNTRACKED = {".git", "__pycache__", "node_modules"}


def from_git():
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
               "--exclude-standard", "."]
    try:
        run = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return [name for name in run.stdout.split("\0") if name] if run.returncode == 0 else None


def from_disk():
    def skipped(path):
        return path.parts[0].startswith("build") or UNTRACKED & set(path.parts)

    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [path.as_posix() for path in paths if not skipped(path)]


def files(*patterns):
    """Paths relative to ROOT, sorted. A * also matches slashes."""
    names = from_git()
    if names is None:
        names = from_disk()
    return sorted(name for name in names
                  if (ROOT / name).is_file()
                  and (not patterns or any(fnmatch.fnmatch(name, p) for p in patterns)))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def finish(gate, problems, summary):
    """Print what a gate found and leave with its status."""
    for problem in problems:
        print(f"{gate}: {problem}", file=sys.stderr)
    if not problems:
        print(f"{gate}: {summary}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    print("\n".join(files(*sys.argv[1:])))
