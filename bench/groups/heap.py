# SPDX-License-Identifier: MIT
"""Group heap: the cc_alloc family beside the allocators that it can stand on, and others.

Everyone is compiled from the same sources (bench/heap/) and called directly. mimalloc, which is
the backend of cc_alloc when nothing else is said, is the base of all ratios; it and every other
allocator that a bar is measured against run twice in each round under two names.
"""

import subprocess
from dataclasses import dataclass, field

from harness import contest, micro
from harness.errors import MISSING, BenchError
from harness.measure import Command, check
from harness.result import Metric
from harness.versus import metric, original, with_again

SUMMARY = "cc_alloc beside mimalloc, jemalloc, tcmalloc and glibc"
VERSIONS = ("libmimalloc2.0", "libjemalloc2", "libtcmalloc-minimal4", "valgrind")
ROUNDS, QUICK_ROUNDS = 12, 2
MILLISECONDS, QUICK_MILLISECONDS = 20, 2

OURS, BASE, EMPTY = "cc", "mimalloc", "none"
LIST, LINES = "bare", "lines"  # floors: see bench/heap/contestant.h
COUNTING = "cc-counting"
PAIRS = 1 << 16  # whose instructions are counted


@dataclass(frozen=True)
class Contestant:
    """program: the end of the name of its programs in bench/heap/."""

    program: str
    env: dict = field(default_factory=dict)


def over(backend, program=OURS, **env):
    return Contestant(program, {"CCMEM_BACKEND": backend, **env})


# What --contestants takes. Those that are not usual answer a question of their own: cc linked
# statically or over another backend, and tcmalloc told the size.
CONTESTANTS = {
    OURS: over("mimalloc"),
    "jemalloc": Contestant("jemalloc"),
    "jemalloc-sized": Contestant("jemalloc-sized"),
    "tcmalloc": Contestant("tcmalloc"),
    "glibc": Contestant("glibc"),
    "cc-static": over("mimalloc", "cc-static"),
    "cc-system": over("system"),
    "cc-tcmalloc": over("tcmalloc"),
    # Its thread-local data needs room that glibc must be told to keep.
    "cc-jemalloc": over("jemalloc", GLIBC_TUNABLES="glibc.rtld.optional_static_tls=4096"),
    "tcmalloc-sized": Contestant("tcmalloc-sized"),
}
USUAL_CONTESTANTS = (OURS, "jemalloc", "jemalloc-sized", "tcmalloc", "glibc")
ENTRANTS = {
    BASE: Contestant(BASE),
    LIST: Contestant(LIST),
    LINES: Contestant(LINES),
    EMPTY: Contestant(EMPTY),
    COUNTING: over("mimalloc", CCMEM_BENCH_STATISTICS="1"),
    **CONTESTANTS,
}


def is_ours(name):
    return CONTESTANTS[name].program.startswith(OURS)


def program_of(bench, workload, name):
    """A second run of the same goes by another name."""
    program = ENTRANTS[original(name)].program
    return bench.options.build / "bench" / "heap" / f"{workload}-{program}"


# --- figures and what they must reach


@dataclass(frozen=True)
class Figure:
    """key: what the program calls it; name: what the results do; bars: {baseline: the most that
    cc may have of it}."""

    key: str
    name: str
    bars: dict = field(default_factory=dict)
    unit: str = "ns"


@dataclass(frozen=True)
class Case:
    """A case of a program in bench/heap/. timed: one operation, repeated for some milliseconds;
    otherwise work with phases. floor: what takes part besides, and is no allocator. alone: of the contestants only cc
    in its variants does."""

    program: str
    case: str
    figures: tuple
    timed: bool = True
    floor: str | None = None
    alone: bool = False


def timed(program, case, name, bars=None, **more):
    return Case(program, case, (Figure("ns_per_op", name, bars or {}),), **more)


def scatter(case, bound):
    figures = tuple(Figure(key, key, {BASE: bound}) for key in ("free", "alloc", "walk"))
    return Case("scatter", case, figures, timed=False)


CASES = {
    "hot": [
        timed("hot", f"hot-{n}", str(n), {BASE: 0.25, LIST: 1.3}, floor=LIST)
        for n in (16, 48, 64, 256, 1024, 4096)
    ],
    "batch": [
        timed("batch", "batch-64-random", "64-random", {BASE: 0.60}),
        timed("batch", "batch-64-lifo", "64-lifo", {BASE: 0.90}),
        timed("batch", "batch-512-random", "512-random"),
        timed("batch", "batch-512-lifo", "512-lifo"),
    ],
    "handover": [
        timed("handover", "handover-64", "64", {BASE: 0.25, "jemalloc": 0.50}, floor=LINES)
    ],
    "mix": [
        timed("mix", "mix-1", "1-thread", {BASE: 0.80}),
        timed("mix", "mix-2", "2-threads", {BASE: 0.80}),
        timed("mix", "mix-swapped", "swapped"),
    ],
    "scatter": [scatter("scatter", 1.2)],
    "survivors": [scatter("survivors", 1.0)],
    "resident": [
        Case(
            "resident",
            "resident",
            (
                Figure("peak", "peak", unit="KiB"),
                Figure("freed", "freed", unit="KiB"),
                Figure("exited", "exited", {BASE: 1.2}, unit="KiB"),
            ),
            timed=False,
        )
    ],
    "kinds": [
        timed("kinds", kind.format(n), kind.format(n), {BASE: 1.0}, alone=True)
        for kind in ("calloc-{}", "aligned-{}-to-64", "aligned-{}-to-4096", "node-{}")
        for n in (64, 192, 1024)
    ],
}
STATISTICS_CASES = [timed("hot", "hot-64", "hot-64"), timed("mix", "mix-1", "mix")]
STATISTICS_MAX = 1.05
STARTUP_FIGURES = (Figure("wall", "wall", unit="s"), Figure("max_rss_kb", "memory", unit="KiB"))
INSTRUCTIONS_CASES = ("hot-16", "hot-64", "hot-4096")
INSTRUCTIONS_MAX = 18.01  # of which 0.01 for the library, once in many thousand pairs


# --- races


def usual_rounds(bench):
    return bench.rounds(ROUNDS, QUICK_ROUNDS)


def run_case(bench, case, name):
    """The figures of one process."""
    entrant = ENTRANTS[original(name)]
    milliseconds = QUICK_MILLISECONDS if bench.options.quick else MILLISECONDS
    options = ["--ms", str(milliseconds)] if case.timed else []
    binary = program_of(bench, case.program, name)
    return micro.figures(binary, case.case, *options, env=entrant.env)


def play(bench, label, names, run_one):
    return contest.play(names, run_one, usual_rounds(bench), bench.progress, label)


def metric_of(workload, figure, name, baseline, bound=None):
    """Against another baseline than the base, the name of the result ends with it."""
    last = "" if baseline == BASE else f"/{baseline}"
    title = f"{workload}/{figure.name}/{name}{last}"
    return metric(title, figure.key, figure.unit, name, baseline, bound)


def metrics_of(workload, figure, baselines, contestants):
    """Everyone against the base, and cc against whatever else it has a bar for."""
    for name in contestants:
        bound = figure.bars.get(BASE) if name == OURS else None
        yield metric_of(workload, figure, name, BASE, bound)
    for baseline in baselines:
        if baseline != BASE and baseline in figure.bars and OURS in contestants:
            yield metric_of(workload, figure, OURS, baseline, figure.bars[baseline])


def baselines_of(case, contestants):
    """The base, and of the others that a bar names those that take part."""
    present = {*contestants, case.floor}
    named = {name for figure in case.figures for name in figure.bars} & present
    return [BASE, *sorted(named)]


@dataclass(frozen=True)
class CaseWorkload:
    name: str
    cases: list

    def results(self, bench):
        return [entry for case in self.cases for entry in self.results_of(bench, case)]

    def results_of(self, bench, case):
        chosen = bench.contestants
        contestants = [name for name in chosen if not case.alone or is_ours(name)]
        if not contestants:
            return []
        baselines = baselines_of(case, contestants)
        if case.floor:
            contestants = [*contestants, case.floor]
        names = list(dict.fromkeys(with_again(baselines) + contestants))
        rounds = play(bench, case.case, names, lambda name: run_case(bench, case, name))
        metrics = (
            metric
            for figure in case.figures
            for metric in metrics_of(self.name, figure, baselines, contestants)
        )
        return bench.evaluate(metrics, rounds)


@dataclass(frozen=True)
class StatisticsWorkload:
    """cc that counts against cc that does not: the same program."""

    name: str = "statistics"

    def results(self, bench):
        if OURS not in bench.contestants:
            return []
        return [entry for case in STATISTICS_CASES for entry in self.results_of(bench, case)]

    def results_of(self, bench, case):
        names = [*with_again([OURS]), COUNTING]
        label = f"{self.name}, {case.case}"
        rounds = play(bench, label, names, lambda name: run_case(bench, case, name))
        counting = metric_of(self.name, case.figures[0], COUNTING, OURS, STATISTICS_MAX)
        return bench.evaluate([counting], rounds)


@dataclass(frozen=True)
class StartupWorkload:
    """A whole process that allocates one block."""

    name: str = "startup"

    def results(self, bench):
        def run(name):
            env = ENTRANTS[original(name)].env
            command = Command([program_of(bench, "startup", name)], bench.work, env)
            sample = bench.meter.run(command)
            check(sample, f"startup of {name}")
            return {"wall": sample.wall, "max_rss_kb": sample.max_rss_kb}

        rounds = play(bench, self.name, [*with_again([BASE]), *bench.contestants], run)
        metrics = (
            metric_of(self.name, figure, name, BASE)
            for figure in STARTUP_FIGURES
            for name in bench.contestants
        )
        return bench.evaluate(metrics, rounds)


@dataclass(frozen=True)
class InstructionsWorkload:
    """Instructions of a pair of cc_alloc and cc_free: exact, and so measured once. What PAIRS more
    pairs add to a process is the loop with them; what they add to the empty loop is the loop."""

    name: str = "instructions"

    def results(self, bench):
        if OURS not in bench.contestants:
            return []
        rounds = [{case: self.measure(bench, case) for case in INSTRUCTIONS_CASES}]
        return bench.evaluate([self.metric_of(case) for case in INSTRUCTIONS_CASES], rounds)

    def measure(self, bench, case):
        bench.progress.say(f"{self.name}, {case}")
        return self.added(bench, case, OURS) - self.added(bench, case, EMPTY)

    def added(self, bench, case, name):
        # Under Valgrind the magazines step aside unless they are asked for.
        env = ENTRANTS[name].env | {"CCMEM_MAGAZINES": "1"}
        binary = program_of(bench, "hot", name)
        once, twice = (
            micro.instructions(binary, case, ops, bench.work, env) for ops in (PAIRS, 2 * PAIRS)
        )
        return twice - once

    def metric_of(self, case):
        return Metric(
            f"{self.name}/{case}/{OURS}",
            f"{OURS}, instructions",
            "pairs",
            "instructions, pairs",
            lambda r: (r[case], PAIRS),
            equal=None,
            bar={"max": INSTRUCTIONS_MAX},
        )


WORKLOADS = {
    w.name: w
    for w in (
        *(CaseWorkload(name, cases) for name, cases in CASES.items()),
        StatisticsWorkload(),
        InstructionsWorkload(),
        StartupWorkload(),
    )
}


def run(bench):
    """The results of the chosen workloads."""
    bench.progress.say("building the programs")
    programs = {ENTRANTS[name].program for name in (BASE, LIST, LINES, EMPTY, *bench.contestants)}
    micro.build(bench.options.build, [f"heap_{program}" for program in sorted(programs)])
    return [entry for name in bench.workloads for entry in WORKLOADS[name].results(bench)]


def soak(build, amount):
    """Run the soak of so many operations, or seconds ("60s"); its exit status."""
    micro.build(build, ["heap_soak"])
    binary = build / "bench" / "heap" / "soak"
    try:
        status = subprocess.run([binary, amount]).returncode
        return status if status >= 0 else 128 - status
    except OSError as error:
        raise BenchError(MISSING, str(binary), f"{error.strerror}; './dev build' makes it")
