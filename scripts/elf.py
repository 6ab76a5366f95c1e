# SPDX-License-Identifier: MIT
"""What the gates ask of an ELF file, by binutils."""
import re
import subprocess


def _lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def needed(path):
    """Names of the shared libraries that it asks for."""
    found = (re.search(r"\(NEEDED\).*\[(.+)\]", line) for line in _lines("readelf", "-dW", path))
    return {match[1] for match in found if match}


def flags(path):
    """Words of FLAGS and FLAGS_1, and TEXTREL."""
    text = "\n".join(_lines("readelf", "-dW", path))
    words = re.findall(r"\(FLAGS(?:_1)?\)\s+(?:Flags: )?(.*)", text)
    return set(" ".join(words).split()) | ({"TEXTREL"} if "(TEXTREL)" in text else set())


def stack_is_executable(path):
    lines = [line for line in _lines("readelf", "-lW", path) if "GNU_STACK" in line]
    return not lines or "E" in lines[0].split()[6]


def symbols(path, defined):
    """Names in the dynamic symbol table, without versions."""
    kind = "--defined-only" if defined else "--undefined-only"
    lines = _lines("nm", "--dynamic", "--format=posix", kind, path)
    return {line.split()[0].split("@")[0] for line in lines if line.split()[1] != "A"}
