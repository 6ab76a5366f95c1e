# SPDX-License-Identifier: MIT
"""The command line. What is not known is refused with the nearest thing that is."""

import argparse
import os
from pathlib import Path

from . import stats
from .errors import USAGE, BenchError, unknown

ROOT = Path(__file__).resolve().parents[2]
SOAK = "1000000000"


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and exiting."""

    def __init__(self, usage, description):
        super().__init__(
            prog="./dev bench", usage=usage, description=description, allow_abbrev=False
        )

    def error(self, message):
        raise BenchError(USAGE, "wrong usage", f"{message}\nusage: {self.usage}")

    def parse(self, argv):
        values, rest = self.parse_known_args(argv)
        for word in rest:
            if word.startswith("-"):
                raise unknown("option", word.split("=")[0], sorted(self._option_string_actions))
        if rest:
            raise BenchError(USAGE, f"'{rest[0]}'", "one argument too many")
        return values


def positive(text):
    """A whole number from 1 on."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def cpu_set(text):
    """CPU numbers separated by commas; each must be one that this process may use."""
    cpus = frozenset(int(part) for part in text.split(","))
    if not cpus <= os.sched_getaffinity(0):
        have = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        raise argparse.ArgumentTypeError(f"'{text}': usable CPUs are {have}")
    return cpus


def word_list(text):
    return text.split(",")


def amount(text):
    """A number of operations, or of seconds with an s behind it."""
    positive(text.removesuffix("s"))
    return text


def group_parser():
    p = Parser(
        "./dev bench GROUP [--json FILE] [--html FILE] [--quick] [--rounds N] [--workloads LIST]"
        " [--contestants LIST] [--pin CPUS] [--seed N] [--resamples N] [--build DIR] [--work DIR]"
        " [--soak [N|Ns]] [-q]",
        "Run one group of benchmarks against its peers.",
    )
    p.add_argument("--json", metavar="FILE", type=Path, help="write the results as JSON")
    p.add_argument("--html", metavar="FILE", type=Path, help="write the results as one HTML page")
    p.add_argument("--quick", action="store_true", help="small inputs, few rounds; marked as such")
    p.add_argument("--rounds", metavar="N", type=positive, help="rounds of each workload")
    p.add_argument("--workloads", metavar="LIST", type=word_list, help="only these, with commas")
    p.add_argument("--contestants", metavar="LIST", type=word_list, help="only these and the base")
    p.add_argument("--pin", metavar="CPUS", type=cpu_set, help="run every program on these CPUs")
    p.add_argument("--seed", metavar="N", type=int, default=1, help="of the bootstrap (1)")
    p.add_argument(
        "--resamples",
        metavar="N",
        type=positive,
        default=stats.RESAMPLES,
        help=f"of the bootstrap ({stats.RESAMPLES})",
    )
    p.add_argument(
        "--build", metavar="DIR", type=Path, default=ROOT / "build", help="the build to measure"
    )
    p.add_argument("--work", metavar="DIR", type=Path, help="keep inputs, traces and outputs here")
    p.add_argument(
        "--soak",
        metavar="N|Ns",
        type=amount,
        nargs="?",
        const=SOAK,
        help=f"no benchmark but N operations ({SOAK}), or N seconds, under constant checks",
    )
    p.add_argument("-q", "--quiet", action="store_true", help="no progress")
    return p


def compare_parser():
    p = Parser(
        "./dev bench compare OLD NEW [--seed N] [--resamples N]",
        "Say what changed between two JSON files of the same group.",
    )
    p.add_argument("old", metavar="OLD")
    p.add_argument("new", metavar="NEW")
    p.add_argument("--seed", metavar="N", type=int, default=1)
    p.add_argument("--resamples", metavar="N", type=positive, default=stats.RESAMPLES)
    return p
