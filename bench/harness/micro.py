# SPDX-License-Identifier: MIT
"""The cases of a micro-benchmark binary (micro/ccbench.h, micro/ccphase.h) as contestants.

Each sample is a process of its own, so that no case runs in a heap or a cache that another left,
and cases rotate like any other contestants.
"""

import json
import os
import re
import subprocess

from .errors import MISSING, REFUSED, BenchError

TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def cmake(*args):
    """Whether it succeeded, and all that it said."""
    try:
        done = subprocess.run(["cmake", *args], capture_output=True, text=True)
    except OSError as error:
        raise BenchError(MISSING, "cmake", error.strerror)
    return done.returncode == 0, done.stdout + done.stderr


def try_to_build(folder, targets):
    """Bring programs up to date that are only built when they are to run. What was not installed
    when the folder was made may be now, so a failure is one only after another look. A folder that
    CMake did not make is taken as it is. Returns as cmake does."""
    if not (folder / "CMakeCache.txt").exists():
        return True, ""
    wanted = ["--build", folder, "--target", *targets]
    built, words = cmake(*wanted)
    if not built:
        cmake(folder)
        built, words = cmake(*wanted)
    return built, words


def build(folder, targets):
    """The same, where a failure ends the run."""
    built, words = try_to_build(folder, targets)
    if not built:
        why = "they do not build; './dev setup --bench' installs what they need"
        raise BenchError(MISSING, ", ".join(targets), why, words)


def say(binary, *args, env=None):
    """The JSON lines that a micro-benchmark says."""
    who = " ".join([binary.name, *args])
    try:
        done = subprocess.run(
            [binary, *args], capture_output=True, text=True, env=os.environ | (env or {})
        )
    except OSError as error:
        raise BenchError(MISSING, str(binary), f"{error.strerror}; './dev build' makes it")
    if done.returncode:
        raise BenchError(REFUSED, who, f"ended with status {done.returncode}", done.stderr)
    try:
        return [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError:
        raise BenchError(REFUSED, who, "it gave no sample", done.stdout)


def cases(binary):
    """The names of its cases."""
    return [line["case"] for line in say(binary, "--list")]


def figures_of(line):
    """{name: value}; a case with one operation has one figure."""
    return line.get("figures", {"ns_per_op": line.get("ns_per_op", 0)})


def figures(binary, case, *options, env=None):
    """What one fresh process measured, as {name: value}."""
    lines = say(binary, *options, case, env=env)
    if (
        len(lines) != 1
        or lines[0].get("case") != case
        or not all(value > 0 for value in figures_of(lines[0]).values())
    ):
        raise BenchError(REFUSED, f"{binary.name} {case}", "it gave no sample", repr(lines))
    return figures_of(lines[0])


def sample(binary, case, milliseconds):
    """Nanoseconds an operation, of one fresh process."""
    return figures(binary, case, "--ms", str(milliseconds))["ns_per_op"]


def instructions(binary, case, ops, folder, env=None):
    """How many instructions a process executes that does an operation exactly so many times."""
    output = folder / "callgrind.out"
    output.unlink(missing_ok=True)
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
    argv = [*tool, binary, "--ops", str(ops), case]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, env=os.environ | (env or {})
        )
    except OSError as error:
        raise BenchError(MISSING, "valgrind", f"{error.strerror}; './dev setup' installs it")
    total = output.exists() and TOTAL.search(output.read_text(errors="replace"))
    if done.returncode or not total:
        why = f"ended with status {done.returncode} under callgrind"
        raise BenchError(REFUSED, f"{binary.name} {case}", why, done.stderr)
    return int(total[1])
