# SPDX-License-Identifier: MIT
"""Group region: arena, slab, pools and ring beside what does the same work in C, C++ and Rust.

A contestant is compiled from the same sources as the others (bench/region/), those of C++ as C++;
loops of Rust peers are made like those (bench/region/rust/). Every allocator or queue that a bar is
measured against runs twice in each round under two names.
"""

import re
from dataclasses import dataclass, field
from statistics import median

from harness import contest, machine, micro
from harness.options import ROOT
from harness.result import Metric
from harness.versus import AGAIN, metric, original, with_again

SUMMARY = "arena, slab, pools and ring beside their kind in C, C++ and Rust"
VERSIONS = (
    "g++", "libapr1-dev", "libboost-dev", "libck-dev", "libglib2.0-dev", "libtalloc-dev",
    "liburcu-dev",
)  # fmt: skip
ROUNDS, QUICK_ROUNDS = 12, 2
MILLISECONDS, QUICK_MILLISECONDS = 20, 2
FIGURE, UNIT = "ns_per_op", "ns"
CRATE = ROOT / "bench" / "region" / "rust" / "Cargo.toml"

OURS, INTERFACE = "cc", "cc-interface"
MALLOC = "glibc"
FLOOR = "bare"  # no allocator, no queue: what is left without one; see bench/region/*.h
BEST = "best"  # the peer that is fastest in a case

# What --contestants takes.
CONTESTANTS = (
    OURS, INTERFACE, "cc-mirrored", "cc-record", MALLOC, "obstack", "apr", "talloc", "gslice",
    "boost", "pmr", "pmr-pool", "pmr-sync", "bumpalo", "rust-vec", "rust-slab", "ck", "wfcqueue",
)  # fmt: skip
USUAL_CONTESTANTS = CONTESTANTS


@dataclass(frozen=True)
class Case:
    """A case of a program in bench/region/. base: what everyone is compared with; peers: others
    that do this work; variants: cc in another way; floor: whether there is one. bars: {who:
    {against whom: the most that who may have of it}}, where BEST is the fastest of base and
    peers."""

    case: str
    base: str
    peers: tuple = ()
    variants: tuple = ()
    floor: bool = True
    bars: dict = field(default_factory=dict)

    def chosen(self, wanted):
        """Those that were asked for and can do it, in the order of the table."""
        able = {OURS, self.base, *self.peers, *self.variants}
        return [name for name in CONTESTANTS if name in able and name in wanted]


ARENAS = ("obstack", "apr", "talloc", "gslice", "boost", "pmr", "pmr-pool", "bumpalo")
COPIERS = ("obstack", "apr", "talloc", "pmr", "bumpalo")
POOLS = ("gslice", "boost", "pmr-pool")
QUEUES = ("ck", "wfcqueue")
RINGS = ("cc-mirrored", "cc-record")
BATCH_BARS = {OURS: {MALLOC: 0.11, "bumpalo": 1.0, FLOOR: 2.0}, INTERFACE: {OURS: 2.3}}


def batch(n, bars):
    return Case(f"batch-{n}", MALLOC, ARENAS, (INTERFACE,), bars=bars)


def fill(n, bounds):
    return Case(f"fill-{n}", MALLOC, ARENAS, (INTERFACE,), bars={OURS: {BEST: 1.0, **bounds}})


def vector(n):
    peers = ("bumpalo", "rust-vec")
    return Case(f"vector-{n}", MALLOC, peers, floor=False, bars={OURS: {"bumpalo": 0.65}})


def slab(case, bounds, floor=True):
    return Case(f"slab-{case}", MALLOC, ("rust-slab",), floor=floor, bars={OURS: bounds})


def pool(case):
    return Case(f"pool-{case}", MALLOC, POOLS, floor=False, bars={OURS: {MALLOC: 0.65}})


def blockpool(case, bound=None):
    bars = {OURS: {MALLOC: bound}} if bound else {}
    return Case(f"blockpool-{case}", MALLOC, ("gslice", "pmr-sync"), floor=False, bars=bars)


def ring(n, bounds):
    return Case(f"ring-{n}", "boost", QUEUES, RINGS, bars={OURS: bounds})


def handoff(n):
    return Case(f"handoff-{n}", "boost", QUEUES, RINGS, floor=False, bars={OURS: {BEST: 1.1}})


CASES = {
    "batch": [batch(16, BATCH_BARS), batch(48, BATCH_BARS), batch(256, {})],
    "fill": [fill(48, {}), fill(256, {}), fill(4096, {FLOOR: 1.1})],
    "copy": [Case("copy-4096", MALLOC, COPIERS, bars={OURS: {FLOOR: 1.1}})],
    "vector": [vector(64), vector(1000)],
    "slab": [
        slab("random-64", {"rust-slab": 0.95, MALLOC: 0.33}, floor=False),
        slab("hot-64", {"rust-slab": 0.80}),
        slab("hot-1024", {"rust-slab": 0.85}),
        slab("from-64", {"rust-slab": 0.60}),
        slab("from-1024", {"rust-slab": 0.40}),
    ],
    "pool": [pool("hot-64"), pool("random-64")],
    "blockpool": [
        blockpool("handover-64", 0.5),
        blockpool("handover-mixed", 0.5),
        blockpool("batch-64"),
        blockpool("batch-mixed"),
    ],
    "ring": [ring(64, {}), ring(1024, {FLOOR: 1.05})],
    "handoff": [handoff(64), handoff(1024)],
}


def program_of(bench, workload, name):
    return bench.options.build / "bench" / "region" / f"{workload}-{original(name)}"


@dataclass(frozen=True)
class Workload:
    name: str
    cases: list

    def programs(self, wanted):
        """The contestants whose programs are needed."""
        for case in self.cases:
            if case.chosen(wanted):
                yield from runners(case, wanted)

    def results(self, bench):
        return [entry for case in self.cases for entry in self.results_of(bench, case)]

    def results_of(self, bench, case):
        wanted = bench.contestants
        if not case.chosen(wanted):
            return []
        names = runners(case, wanted)
        milliseconds = QUICK_MILLISECONDS if bench.options.quick else MILLISECONDS

        def run_one(name):
            binary = program_of(bench, self.name, name)
            return {FIGURE: micro.sample(binary, case.case, milliseconds)}

        count = bench.rounds(ROUNDS, QUICK_ROUNDS)
        rounds = contest.play(names, run_one, count, bench.progress, case.case)
        return bench.evaluate(metrics_of(case, wanted, rounds), rounds)


def peers_of(case, wanted):
    """Whom BEST is chosen from: the base, and those that take part."""
    return [case.base, *(name for name in case.peers if name in wanted)]


def baselines_of(case, wanted):
    """The base, and whoever else a bar is measured against."""
    against = {name for who, bounds in case.bars.items() if who in wanted for name in bounds}
    present = {*case.chosen(wanted), *([FLOOR] if case.floor else [])}
    if BEST in against:
        against |= {*peers_of(case, wanted)}
    return [case.base, *sorted((against & present) - {case.base})]


def runners(case, wanted):
    """Everyone that runs in a round; a baseline twice."""
    floor = [FLOOR] if case.floor else []
    names = [*with_again(baselines_of(case, wanted)), *case.chosen(wanted), *floor]
    return list(dict.fromkeys(names))


def fastest(peers, rounds):
    """The fastest peer by the runs that are not judged: a choice by those that are would prefer
    whoever was lucky in them."""
    return min(peers, key=lambda name: median(r[name + AGAIN][FIGURE] for r in rounds))


def metrics_of(case, wanted, rounds):
    """Everyone against the base, then what else there are bars for."""
    title = case.case.replace("-", "/", 1)
    names = [*case.chosen(wanted), *([FLOOR] if case.floor else [])]
    for name in names:
        if name != case.base:
            bound = case.bars.get(name, {}).get(case.base)
            yield metric(f"{title}/{name}", FIGURE, UNIT, name, case.base, bound)
    baselines = baselines_of(case, wanted)
    for name in names:
        for against, bound in case.bars.get(name, {}).items():
            found = fastest(peers_of(case, wanted), rounds) if against == BEST else against
            if against != case.base and found in baselines:
                yield metric(f"{title}/{name}/{against}", FIGURE, UNIT, name, found, bound)


@dataclass(frozen=True)
class FlatWorkload:
    """What is held after many messages, in parts of what was held before them: counted, and so
    measured once."""

    name: str = "flat"
    who: tuple = (OURS, MALLOC)

    def programs(self, wanted):
        return [name for name in self.who if name in wanted]

    def results(self, bench):
        names = self.programs(bench.contestants)
        if not names:
            return []
        rounds = [{name: self.measure(bench, name) for name in names}]
        return bench.evaluate([self.metric_of(name) for name in names], rounds)

    def measure(self, bench, name):
        case = "flat-64-quick" if bench.options.quick else "flat-64"
        bench.progress.say(f"{case}, {name}")
        return micro.figures(program_of(bench, self.name, name), case)

    def metric_of(self, name):
        return Metric(
            f"{self.name}/64/{name}",
            f"{name}, after",
            f"{name}, before",
            "KiB",
            lambda r: (r[name]["after"], r[name]["before"]),
            bar={"max": 1.0} if name == OURS else None,
        )


WORKLOADS = {name: Workload(name, cases) for name, cases in CASES.items()}
WORKLOADS["flat"] = FlatWorkload()


def run(bench):
    """The results of the chosen workloads."""
    bench.progress.say("building the programs")
    workloads = [WORKLOADS[name] for name in bench.workloads]
    names = {original(name) for w in workloads for name in w.programs(bench.contestants)}
    micro.build(bench.options.build, [f"region_{name}" for name in sorted(names)])
    return [entry for w in workloads for entry in w.results(bench)]


def other_versions():
    """Those that are no packages: of Rust, and of what was written in it."""
    crates = re.findall(r'^(\w+) = .*"=([\d.]+)"', CRATE.read_text(), re.MULTILINE)
    return {"rustc": machine.first_line(["rustc", "--version"]), **dict(crates)}
