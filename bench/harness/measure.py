# SPDX-License-Identifier: MIT
"""One run of one command, measured by the small program measure.c (which says why it exists)."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .errors import MISSING, REFUSED, BenchError

SOURCE = Path(__file__).with_name("measure.c")
LIMIT_SECONDS = 600
WORDS_KEPT = 2000


@dataclass(frozen=True)
class Command:
    """What to run: env adds to the environment, cpus pins (None: anywhere)."""

    argv: list
    cwd: Path
    env: dict = field(default_factory=dict)
    cpus: frozenset | None = None


@dataclass
class Sample:
    """What a run cost, in seconds and KiB. A run in memory mode has peaks and no times."""

    wall: float = 0.0
    cpu: float = 0.0
    max_rss_kb: int = 0
    status: int = 0
    timed_out: bool = False
    peaks: list = field(default_factory=list)  # (name, KiB) of each process
    rates: dict = field(default_factory=dict)  # what the workload itself measured
    stderr: str = ""

    def peak_of(self, program):
        """The highest peak among the processes of that name, in KiB."""
        found = [kb for name, kb in self.peaks if name == program[:15]]
        if not found:
            raise BenchError(REFUSED, program, "no process of this name ran")
        return max(found)


def compile_c(source, target, *flags):
    """Compile one C file as a user would."""
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", *flags, "-o", target, source]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise BenchError(MISSING, "gcc", "not installed; './dev setup --bench' installs it")
    if done.returncode:
        raise BenchError(REFUSED, source.name, "it does not compile", done.stderr)


def parse_report(text):
    sample = Sample()
    for line in text.splitlines():
        key, value = line.split(" ", 1)
        if key == "status":
            sample.status = int(value)
        elif key == "cut_short":
            sample.timed_out = int(value) == signal.SIGALRM
        elif key == "wall_ns":
            sample.wall = int(value) / 1e9
        elif key in ("user_us", "sys_us"):
            sample.cpu += int(value) / 1e6
        elif key == "max_rss_kb":
            sample.max_rss_kb = int(value)
        elif key == "process":
            _, kb, name = value.split(" ", 2)
            sample.peaks.append((name, int(kb)))
    return sample


def pin_to(cpus):
    """What the child does before it becomes the command."""
    return (lambda: os.sched_setaffinity(0, cpus)) if cpus else None


class Running:
    """A command under way."""

    def __init__(self, process, report, stderr):
        self.process, self.report, self.stderr = process, report, stderr

    def finish(self):
        """Wait for it and say what it cost, whatever its status."""
        code = self.process.wait()
        words = self.stderr.read_text(errors="replace")[-WORDS_KEPT:]
        if code:
            raise BenchError(REFUSED, "measure", f"ended with status {code}", words)
        sample = parse_report(self.report.read_text())
        sample.stderr = words
        return sample

    def stop(self):
        """End the command and everything that it started."""
        self.process.terminate()
        self.process.wait()


class Meter:
    """Builds the measuring program once and starts commands under it."""

    def __init__(self, directory, limit_seconds=LIMIT_SECONDS):
        self.directory = Path(directory)
        self.limit = limit_seconds
        self.helper = self.directory / "measure"
        self.count = 0
        compile_c(SOURCE, self.helper)

    def start(self, command, memory=False):
        self.count += 1
        report = self.directory / f"report.{self.count}"
        stderr = self.directory / f"stderr.{self.count}"
        mode = ["-m"] if memory else []
        argv = [self.helper, *mode, "-t", str(self.limit), "-o", report, "--", *command.argv]
        with open(stderr, "wb") as words:
            process = subprocess.Popen(
                argv,
                cwd=command.cwd,
                env={**os.environ, **command.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                preexec_fn=pin_to(command.cpus),
            )
        return Running(process, report, stderr)

    def run(self, command, memory=False):
        running = self.start(command, memory)
        try:
            sample = running.finish()
        except BaseException:
            running.stop()
            raise
        running.report.unlink()
        running.stderr.unlink()
        return sample


def check(sample, who):
    """A broken run is never counted: it ends the group, with its own words."""
    if sample.timed_out:
        raise BenchError(REFUSED, who, "it did not end in time", sample.stderr)
    if sample.status:
        raise BenchError(REFUSED, who, f"ended with status {sample.status}", sample.stderr)
