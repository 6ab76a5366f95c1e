# SPDX-License-Identifier: MIT
"""Group smr: IBR and EBR of ccmem/smr.h beside ck_epoch, liburcu and crossbeam.

Everyone is compiled from the same sources (bench/smr/), crossbeam from the same loops in Rust
(bench/crossbeam/). What is written in C stands on cc_alloc_node, so that schemes are compared and
not allocators.
"""

from dataclasses import dataclass, field

from harness import micro, rivals
from harness.peers import crates
from harness.result import Metric
from harness.versus import AGAIN, original

SUMMARY = "safe memory reclamation beside ck_epoch, liburcu and crossbeam"
VERSIONS = ("libck-dev", "liburcu-dev", "libmimalloc2.0", "valgrind")
ROUNDS, QUICK_ROUNDS = 12, 2
MILLISECONDS, QUICK_MILLISECONDS = 20, 2
RETIRES, QUICK_RETIRES = 1 << 20, 1 << 14
FIGURE, UNIT = "ns_per_op", "ns"

IBR, EBR, FLOOR = "ibr", "ebr", "bare"
BASES = ("ck", "memb", EBR)
FENCES = {"CCMEM_SMR_FENCES": "1"}

ENTRANTS = {
    FLOOR: rivals.Entrant(FLOOR, peer=False),
    IBR: rivals.Entrant(IBR, peer=False),
    EBR: rivals.Entrant(EBR, peer=False),
    "ibr-fenced": rivals.Entrant(IBR, peer=False, env=FENCES),
    "ebr-fenced": rivals.Entrant(EBR, peer=False, env=FENCES),
    "ck": rivals.Entrant("ck"),
    "memb": rivals.Entrant("memb"),
    "memb-defer": rivals.Entrant("memb-defer"),
    "crossbeam": rivals.Entrant("crossbeam"),
    "crossbeam-mimalloc": rivals.Entrant("crossbeam-mimalloc"),
}
CONTESTANTS = tuple(ENTRANTS)
USUAL_CONTESTANTS = CONTESTANTS
READERS = tuple(name for name in ENTRANTS if name not in ("memb-defer", "crossbeam-mimalloc"))
STALLED = (IBR, EBR, "ck", "memb", "crossbeam")
COUNTED = (IBR, EBR, "ck")


def program_of(bench, workload, name):
    return bench.options.build / "bench" / "smr" / f"{workload}-{ENTRANTS[name].program}"


def environment(name, **more):
    return {"CCMEM_BACKEND": "mimalloc", **ENTRANTS[name].env, **more}


@dataclass(frozen=True)
class Added:
    """What who costs beyond against, an operation's part of a case: a plain number of nanoseconds,
    which is at most bound if there is one."""

    name: str
    who: str
    against: str
    bound: float | None = None
    parts: int = 1

    def metric(self, case):
        def added(r, more, less):
            return (r[more][FIGURE] - r[less][FIGURE]) / self.parts, 1.0

        return Metric(
            f"{case}/{self.who}/{self.name}",
            f"{self.who}, beyond {self.against}",
            "a nanosecond",
            UNIT,
            lambda r: added(r, self.who, self.against),
            lambda r: added(r, self.against + AGAIN, self.against),
            equal=0,
            bar={"max": self.bound} if self.bound else None,
        )


@dataclass(frozen=True)
class Case:
    """added: as above; their base runs twice, too."""

    case: str
    able: tuple = CONTESTANTS
    bars: dict = field(default_factory=dict)
    added: tuple = ()

    def race(self, present):
        names = [n for n in present if n in self.able]
        return rivals.Race(BASES, names, self.bars, tuple(a.against for a in self.added))

    def results(self, bench, program, present):
        race = self.race(present)
        if not race.base:
            return []

        def run_one(name):
            binary, who = program_of(bench, program, original(name)), original(name)
            return micro.figures(binary, self.case, *amount(bench, program), env=environment(who))

        rounds = race.play(bench, self.case, bench.rounds(ROUNDS, QUICK_ROUNDS), run_one)
        there = [a for a in self.added if {a.who, a.against} <= set(race.names)]
        metrics = [*race.metrics(self.case, FIGURE, UNIT), *(a.metric(self.case) for a in there)]
        return bench.evaluate(metrics, rounds)


def amount(bench, program):
    """Reads are repeated for a while. Retires are as many for everyone: who puts work off must have
    as much of it."""
    if program == "read":
        return "--ms", str(QUICK_MILLISECONDS if bench.options.quick else MILLISECONDS)
    return "--ops", str(QUICK_RETIRES if bench.options.quick else RETIRES)


CASES = {
    "read": [
        Case("enter", READERS, {IBR: {"ck": 0.75}}),
        Case("read-1", READERS),
        Case(
            "read-20",
            READERS,
            added=(
                Added("a-read", IBR, EBR, 0.3, 20),
                Added("a-read", "ibr-fenced", "ebr-fenced", 0.3, 20),
                Added("a-read-of-ck", IBR, "ck", parts=20),
            ),
        ),
    ],
    "retire": [
        Case(
            "retire-1",
            added=tuple(Added("added", name, FLOOR, 14) for name in (IBR, "ibr-fenced")),
        ),
        Case("retire-apart"),
        Case("retire-shared", bars={IBR: {"ck": 1.1}, "ibr-fenced": {"ck": 1.1}}),
    ],
}


@dataclass(frozen=True)
class Workload:
    name: str

    def results(self, bench, present):
        return [e for case in CASES[self.name] for e in case.results(bench, self.name, present)]


@dataclass(frozen=True)
class StalledWorkload:
    """The most that could not be freed while a reader stayed, in parts of what was live: counted,
    and so measured once."""

    name: str = "stalled"

    def results(self, bench, present):
        names = [name for name in STALLED if name in present]
        if not names:
            return []
        rounds = [{name: self.measure(bench, name) for name in names}]
        return bench.evaluate([self.metric(name) for name in names], rounds)

    def measure(self, bench, name):
        case = "stalled-quick" if bench.options.quick else "stalled"
        bench.progress.say(f"{case}, {name}")
        return micro.figures(program_of(bench, self.name, name), case, env=environment(name))

    def metric(self, name):
        return Metric(
            f"{self.name}/{name}",
            f"{name}, most not freed",
            "live items",
            "items",
            lambda r: (r[name]["peak"], r[name]["live"]),
            bar={"max": 2.0} if name == IBR else None,
        )


@dataclass(frozen=True)
class InstructionsWorkload:
    """Instructions of an operation beyond what the loop takes without a scheme: exact, and so
    measured once. Counted as what twice as many operations add."""

    name: str = "instructions"
    ops: int = 1 << 15
    # Exact for one compiler; a gate for changes of ours.
    bars: dict = field(default_factory=lambda: {("enter", IBR): 21.01, ("retire-1", IBR): 90})

    def results(self, bench, present):
        names = [name for name in COUNTED if name in present]
        pairs = [(p, c, n) for p, c in (("read", "enter"), ("retire", "retire-1")) for n in names]
        if not pairs:
            return []
        floors = {c: self.added(bench, p, c, FLOOR) for p, c, n in pairs}
        counts = {(c, n): self.added(bench, p, c, n) - floors[c] for p, c, n in pairs}
        return bench.evaluate([self.metric(c, n) for c, n in counts], [counts])

    def added(self, bench, program, case, name):
        bench.progress.say(f"{self.name}, {case}, {name}")
        binary = program_of(bench, program, name)
        # Under Valgrind the magazines step aside unless they are asked for.
        env = environment(name, CCMEM_MAGAZINES="1")
        once, twice = (
            micro.instructions(binary, case, ops, bench.work, env)
            for ops in (self.ops, 2 * self.ops)
        )
        return twice - once

    def metric(self, case, name):
        bound = self.bars.get((case, name))
        return Metric(
            f"{self.name}/{case}/{name}",
            f"{name}, instructions",
            "operations",
            "instructions, operations",
            lambda r: (r[case, name], self.ops),
            equal=None,
            bar={"max": bound} if bound else None,
        )


WORKLOADS = {name: Workload(name) for name in CASES}
WORKLOADS |= {w.name: w for w in (StalledWorkload(), InstructionsWorkload())}


def run(bench):
    """The results of the chosen workloads."""
    names = [n for n in ENTRANTS if n in bench.contestants or n == FLOOR]
    present = rivals.those_present(bench, "smr", ENTRANTS, names)
    return [e for name in bench.workloads for e in WORKLOADS[name].results(bench, present)]


def other_versions():
    return crates("crossbeam-epoch")
