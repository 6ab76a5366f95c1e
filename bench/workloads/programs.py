# SPDX-License-Identifier: MIT
"""Programs that run once from start to end and leave a file by which a correct run is known.

Each function writes what its program needs into a folder and says how to run it. small is for quick
runs; times makes the program do the same work that many times, for a trace that many times as long.
None of them writes its result to stdout, because some profilers talk there.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import MISSING, REFUSED, BenchError
from harness.measure import compile_c

from . import csource, sql

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Job:
    """program: the name by which the kernel knows the process that is to be profiled; events: how
    many a full trace of it has at least, where that is known."""

    argv: list
    output: Path
    program: str
    env: dict = field(default_factory=dict)
    events: int = 0


def said_by(argv):
    """What a tool prints, without the newline."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True)
    except FileNotFoundError:
        raise BenchError(MISSING, argv[0], "not installed; './dev setup --bench' installs it")
    if done.returncode:
        raise BenchError(REFUSED, argv[0], f"ended with status {done.returncode}", done.stderr)
    return done.stdout.strip()


def sqlite(folder, small, times):
    """A table of 300 000 rows in memory, an index over it, 6000 queries."""
    script = folder / f"script-{times}.sql"
    rows, queries = (30_000, 600) if small else (sql.ROWS, 6000)
    script.write_text(sql.script(queries * times, rows), encoding="ascii")
    output = folder / "sqlite.out"
    dot_output = f".output {output}"
    argv = ["sqlite3", "-batch", "-cmd", dot_output, ":memory:", f".read {script}"]
    return Job(argv, output, "sqlite3")


def cc1(folder, small, times):
    """The C compiler proper at -O2 over about 3000 lines."""
    source, preprocessed = folder / f"source-{times}.c", folder / f"source-{times}.i"
    source.write_text(csource.source((20 if small else 140) * times), encoding="ascii")
    said_by(["gcc", "-E", "-P", str(source), "-o", str(preprocessed)])
    output = folder / "cc1.s"
    compiler = said_by(["gcc", "-print-prog-name=cc1"])
    argv = [compiler, "-quiet", "-O2", "-fpreprocessed", preprocessed, "-o", output]
    return Job(argv, output, "cc1")


def python(folder, small, times):
    """Records to JSON text and back, with every Python object a malloc of its own."""
    output = folder / "python.out"
    rounds = (4 if small else 45) * times
    argv = ["/usr/bin/python3", "-S", HERE / "json_churn.py", str(rounds), output]
    return Job(argv, output, "python3", {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})


def threads(folder, small, times):
    """Two threads, ten million pairs of malloc and free, a 16th of them freed by the other one."""
    binary, output = folder / "threads", folder / "threads.out"
    compile_c(HERE / "threads.c", binary, "-pthread")
    pairs = (1_000_000 if small else 10_000_000) * times
    return Job([binary, str(pairs), output], output, "threads", events=2 * pairs)
