# SPDX-License-Identifier: MIT
"""The cases of a micro-benchmark binary (micro/ccbench.h) as contestants.

Each sample is a process of its own, so that no case runs in a heap or a cache that another left,
and cases rotate like any other contestants.
"""

import json
import subprocess

from .errors import MISSING, REFUSED, BenchError


def say(binary, *args):
    """The JSON lines that a micro-benchmark says."""
    try:
        done = subprocess.run([binary, *args], capture_output=True, text=True)
    except OSError as error:
        raise BenchError(MISSING, str(binary), f"{error.strerror}; './dev build' makes it")
    if done.returncode:
        why = f"ended with status {done.returncode}"
        raise BenchError(REFUSED, " ".join([binary.name, *args]), why, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def cases(binary):
    """The names of its cases."""
    return [line["case"] for line in say(binary, "--list")]


def sample(binary, case, milliseconds):
    """Nanoseconds an operation, of one fresh process."""
    lines = say(binary, "--ms", str(milliseconds), case)
    if len(lines) != 1 or lines[0].get("case") != case or not lines[0].get("ns_per_op", 0) > 0:
        raise BenchError(REFUSED, f"{binary.name} {case}", "it gave no sample", repr(lines))
    return lines[0]["ns_per_op"]
