# SPDX-License-Identifier: MIT
"""Group profiler: what it costs a program to be profiled, beside no profiler and beside heaptrack.

The base runs twice in each round under two names; what the second seems to cost beside the first,
in any of the figures, is that figure's A/A band.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import Callable

from harness import contest, micro
from harness.errors import MISSING, REFUSED, BenchError
from harness.measure import Command, check
from harness.result import Metric
from workloads import programs, redis

SUMMARY = "what it costs a program to be profiled"
VERSIONS = ("heaptrack", "zstd", "sqlite3", "cpp-12", "python3", "redis-server")
ROUNDS, QUICK_ROUNDS = 12, 2
MEMORY_ROUNDS, READ_ROUNDS = 6, 6
LONGER = 4

BASE, BASE_AGAIN = "none", "none-again"
PEER = "heaptrack"
MODES = ("full", "sample", "count")

ADDED_CPU_MAX = 0.40
WALL_MAX = {
    "full": {"sqlite": 1.35, "cc1": 1.35, "python": 2.2, "threads": 3.2},
    "sample": {"sqlite": 1.05, "cc1": 1.05, "python": 1.08, "threads": 1.12},
    "count": {"sqlite": 1.03, "cc1": 1.03, "python": 1.03, "threads": 1.08},
    "dormant": {"sqlite": 1.01, "cc1": 1.01, "python": 1.01},
}
THROUGHPUT_MIN = {"full": 0.50, "sample": 0.95, "dormant": 0.99}
RAW_BYTES_MAX, STORED_BYTES_MAX = 6.5, 4.5
READ_SPEED_MIN = 5e6
SNAPSHOT_NS_MAX = 1e6
MEMORY_KB, MEMORY_KB_A_THREAD = 8 * 1024, 2 * 1024


@dataclass(frozen=True)
class Contestant:
    """prefix: what stands before the program's own command line; folder takes its output, in a
    file whose name matches product."""

    prefix: Callable = lambda bench, folder: []
    product: str | None = None
    tool: str | None = None
    ours: bool = False

    def products(self, folder):
        return list(folder.glob(self.product)) if self.product else []

    def forget(self, folder):
        """Remove what an earlier run recorded."""
        for path in self.products(folder):
            path.unlink()

    def check_product(self, folder, who):
        """A profiler that recorded nothing was no profiler."""
        if self.product and not any(path.stat().st_size for path in self.products(folder)):
            raise BenchError(REFUSED, who, "it recorded nothing")


def profile_with(mode, *options):
    def prefix(bench, folder):
        trace = folder / f"{mode}.ccm"
        return [bench.ccmem, "profile", "-q", "-f", "-o", trace, "--mode", mode, *options, "--"]

    return Contestant(prefix, f"{mode}.ccm", ours=True)


def dormant(bench, folder):
    return [bench.ccmem, "profile", "--dormant", "--"]


def preload_alone(bench, folder):
    return ["env", f"LD_PRELOAD={bench.options.build / 'lib' / 'libccmem_preload.so'}"]


def heaptrack(bench, folder):
    return ["heaptrack", "--raw", "-o", folder / "heaptrack"]


# What --contestants takes. The preload library alone, without a collector, is for finding out
# where time goes; it runs only when asked for.
CONTESTANTS = {
    PEER: Contestant(heaptrack, "heaptrack.raw.*", tool="heaptrack"),
    "full": profile_with("full"),
    "sample": profile_with("sample", "--interval", str(512 * 1024)),
    "count": profile_with("count"),
    "dormant": Contestant(dormant, ours=True),
    "preload": Contestant(preload_alone, ours=True),
}
USUAL_CONTESTANTS = (PEER, *MODES, "dormant")
ENTRANTS = {BASE: Contestant(), BASE_AGAIN: Contestant(), **CONTESTANTS}


def entrants_of(bench):
    """Who runs in a round."""
    return [BASE, BASE_AGAIN, *bench.contestants]


def usual_rounds(bench):
    return bench.rounds(ROUNDS, QUICK_ROUNDS)


# --- programs that run from start to end


@dataclass(frozen=True)
class ProgramWorkload:
    """A program of workloads.programs. length: whether a longer run of the same program is a
    longer trace of the same kind."""

    name: str
    make: Callable
    tool: str
    threads: int = 1
    length: bool = True

    @property
    def tools(self):
        return (self.tool,)

    def results(self, bench):
        race = ProgramRace(bench, self)
        rounds = contest.play(
            entrants_of(bench), race.run, usual_rounds(bench), bench.progress, self.name
        )
        results = bench.evaluate(wall_metrics(self.name, bench.contestants), rounds)
        results += bench.evaluate(cpu_metrics(self.name, bench.contestants), rounds)
        results += bench.evaluate(added_cpu_metrics(self.name, bench.contestants), rounds)
        results += memory_results(bench, self.name, self.threads, race)
        if "full" in bench.contestants:
            results += trace_results(bench, self, race)
        return results


class ProgramRace:
    """Runs one program under any contestant and checks what it did."""

    def __init__(self, bench, workload):
        self.bench, self.workload = bench, workload
        self.folder = bench.work / workload.name
        self.folder.mkdir(exist_ok=True)
        self.job = workload.make(self.folder, bench.options.quick, 1)
        self.digest = None  # of the base's output

    @property
    def program(self):
        return self.job.program

    def who(self, name):
        return f"{self.workload.name} under {name}"

    def check_output(self, name):
        """The base's first run says what the output is; everyone else must write the same."""
        try:
            digest = hashlib.sha256(self.job.output.read_bytes()).hexdigest()
        except OSError as error:
            raise BenchError(REFUSED, self.who(name), f"it left no output: {error.strerror}")
        self.digest = self.digest or digest
        if digest != self.digest:
            raise BenchError(REFUSED, self.who(name), "its output is not the base's")

    def run(self, name, memory=False):
        entrant = ENTRANTS[name]
        self.job.output.unlink(missing_ok=True)
        entrant.forget(self.folder)
        argv = [*entrant.prefix(self.bench, self.folder), *self.job.argv]
        sample = self.bench.meter.run(Command(argv, self.folder, self.job.env), memory)
        check(sample, self.who(name))
        self.check_output(name)
        entrant.check_product(self.folder, self.who(name))
        return sample

    def record(self, times):
        """A full trace of the program doing its work so many times; its path."""
        job = self.workload.make(self.folder, self.bench.options.quick, times)
        argv = [*ENTRANTS["full"].prefix(self.bench, self.folder), *job.argv]
        check(self.bench.meter.run(Command(argv, self.folder, job.env)), self.who("full"))
        (self.folder / "full.ccm").replace(self.trace_path(times))
        return self.trace_path(times)

    def trace_path(self, times):
        return self.folder / f"full-{times}.ccm"


def wall_metrics(workload, contestants):
    for name in contestants:
        bound = WALL_MAX.get(name, {}).get(workload)
        yield Metric(
            f"{workload}/{name}/wall",
            name,
            BASE,
            "s",
            lambda r, name=name: (r[name].wall, r[BASE].wall),
            lambda r: (r[BASE_AGAIN].wall, r[BASE].wall),
            bar={"max": bound} if bound else None,
        )


def cpu_metrics(workload, contestants):
    """The same in processor time, which a busy machine blurs less."""
    for name in contestants:
        yield Metric(
            f"{workload}/{name}/cpu",
            name,
            BASE,
            "s",
            lambda r, name=name: (r[name].cpu, r[BASE].cpu),
            lambda r: (r[BASE_AGAIN].cpu, r[BASE].cpu),
        )


def added_cpu(r, name):
    return r[name].cpu - r[BASE].cpu


def added_cpu_metrics(workload, contestants):
    """What full recording adds, in parts of what heaptrack adds in the same round."""
    if "full" not in contestants or PEER not in contestants:
        return
    yield Metric(
        f"{workload}/full/added-cpu",
        "full, added CPU",
        f"{PEER} --raw, added CPU",
        "s",
        lambda r: (added_cpu(r, "full"), added_cpu(r, PEER)),
        lambda r: (added_cpu(r, BASE_AGAIN), added_cpu(r, PEER)),
        equal=0,
        bar={"max": ADDED_CPU_MAX},
    )


# --- memory


def memory_metrics(workload, contestants, program, threads):
    """What a contestant adds to the program's own peak, in parts of what it may add."""
    allowed = MEMORY_KB + threads * MEMORY_KB_A_THREAD

    def added(r, name):
        return (r[name].peak_of(program) - r[BASE].peak_of(program), allowed)

    for name in contestants:
        yield Metric(
            f"{workload}/{name}/memory",
            f"{name}, added peak RSS",
            f"allowed: 8 MiB and 2 MiB for each of {threads} threads",
            "KiB",
            lambda r, name=name: added(r, name),
            lambda r: added(r, BASE_AGAIN),
            equal=0,
            bar={"max": 1.0},
        )


def memory_results(bench, workload, threads, race):
    names = [name for name in bench.contestants if ENTRANTS[name].ours]
    if not names:
        return []
    rounds = contest.play(
        [BASE, BASE_AGAIN, *names],
        lambda name: race.run(name, memory=True),
        bench.rounds(MEMORY_ROUNDS, 1),
        bench.progress,
        f"{workload}, memory",
    )
    return bench.evaluate(memory_metrics(workload, names, race.program, threads), rounds)


# --- traces and their reader


class Reader:
    """Runs `ccmem report` over traces of one workload: "report" and "report-again" over a new one
    each time, since no two recordings are quite alike, "report-long" over that of a longer run."""

    def __init__(self, bench, race, longer):
        self.bench, self.race = bench, race
        self.long_trace = race.record(LONGER) if longer else None
        self.names = ["report", "report-again"] + ["report-long"] * longer

    def trace_for(self, name):
        return self.long_trace if name == "report-long" else self.race.record(1)

    def run(self, name):
        trace, output = self.trace_for(name), self.race.folder / "report.json"
        output.unlink(missing_ok=True)
        argv = [self.bench.ccmem, "report", "--format", "json", "-o", output, trace]
        sample = self.bench.meter.run(Command(argv, self.race.folder))
        check(sample, f"ccmem report of {trace.name}")
        sample.rates = numbers_of_trace(output)
        self.check_events(sample.rates, trace.name)
        return sample

    def check_events(self, numbers, name):
        """A recorder that leaves events out is a fast one."""
        if numbers["lost"] or numbers["events"] < self.race.job.events:
            seen = f"{numbers['events']} events and {numbers['lost']} lost"
            raise BenchError(REFUSED, name, f"{seen}, not {self.race.job.events} and none")


def numbers_of_trace(path):
    """What a JSON report says of the trace that it is about."""
    try:
        report = json.loads(path.read_bytes())
        keys = ("raw_bytes", "stored_bytes", "events")
        return {k: int(report["trace"][k]) for k in keys} | {"lost": int(report["lost_events"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchError(REFUSED, "ccmem report", f"no numbers of the trace: {error!r}")


def size_metric(workload, kind, bound):
    def size(r, name):
        return r[name].rates[f"{kind}_bytes"], r[name].rates["events"]

    def again(r):
        (a, events), (b, events_again) = size(r, "report"), size(r, "report-again")
        return b / events_again, a / events

    return Metric(
        f"{workload}/trace/{kind}",
        f"{kind} bytes",
        "events",
        "B, events",
        lambda r: size(r, "report"),
        again,
        equal=None,
        bar={"max": bound},
    )


def reading_metrics(workload):
    yield Metric(
        f"{workload}/report/speed",
        "events read",
        "seconds",
        "events, s",
        lambda r: (r["report"].rates["events"], r["report"].wall),
        equal=None,
        bar={"min": READ_SPEED_MIN},
        better="higher",
    )
    yield peak_metric(f"{workload}/report/peak", "report")


def peak_again(r):
    return r["report-again"].max_rss_kb, r["report"].max_rss_kb


def peak_metric(name, which):
    return Metric(
        name,
        "peak RSS of the reader",
        "1 MiB",
        "KiB",
        lambda r: (r[which].max_rss_kb, 1024),
        peak_again,
        equal=None,
    )


def longer_metrics(workload):
    """How the reader's memory grows with the length of the trace."""
    yield peak_metric(f"{workload}/report/peak-{LONGER}x", "report-long")
    yield Metric(
        f"{workload}/report/peak-growth",
        f"peak RSS for a trace {LONGER} times as long",
        "peak RSS",
        "KiB",
        lambda r: (r["report-long"].max_rss_kb, r["report"].max_rss_kb),
        peak_again,
    )


def trace_results(bench, workload, race):
    reader = Reader(bench, race, workload.length)
    metrics = [
        size_metric(workload.name, "raw", RAW_BYTES_MAX),
        size_metric(workload.name, "stored", STORED_BYTES_MAX),
        *reading_metrics(workload.name),
    ]
    if workload.length:
        metrics += longer_metrics(workload.name)
    rounds = contest.play(
        reader.names, reader.run, bench.rounds(READ_ROUNDS, 1), bench.progress,
        f"{workload.name}, reading",
    )
    return bench.evaluate(metrics, rounds)


# --- the server


class RedisRace:
    program = redis.PROGRAM

    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.work / "redis"
        self.folder.mkdir(exist_ok=True)
        self.requests = 100_000 if bench.options.quick else 500_000

    def run(self, name, memory=False):
        entrant = ENTRANTS[name]
        entrant.forget(self.folder)
        prefix = entrant.prefix(self.bench, self.folder)
        who = f"redis under {name}"
        sample = redis.run(self.bench.meter, prefix, self.folder, self.requests, who, memory)
        entrant.check_product(self.folder, who)
        return sample


def throughput_metrics(contestants):
    for name in contestants:
        bound = THROUGHPUT_MIN.get(name)
        for test in redis.TESTS:
            yield Metric(
                f"redis/{name}/{test}",
                name,
                BASE,
                "requests/s",
                lambda r, name=name, test=test: (r[name].rates[test], r[BASE].rates[test]),
                lambda r, test=test: (r[BASE_AGAIN].rates[test], r[BASE].rates[test]),
                bar={"min": bound} if bound else None,
                better="higher",
            )


@dataclass(frozen=True)
class RedisWorkload:
    name: str = "redis"
    tools: tuple = ("redis-server", "redis-benchmark")

    def results(self, bench):
        race = RedisRace(bench)
        rounds = contest.play(
            entrants_of(bench), race.run, usual_rounds(bench), bench.progress, self.name
        )
        results = bench.evaluate(throughput_metrics(bench.contestants), rounds)
        results += bench.evaluate(cpu_metrics("redis", bench.contestants), rounds)
        results += bench.evaluate(added_cpu_metrics("redis", bench.contestants), rounds)
        return results + memory_results(bench, "redis", redis.THREADS, race)


# --- pieces of the recorder on their own


@dataclass(frozen=True)
class MicroWorkload:
    """Cases of the micro-benchmarks against a chain of dependent additions, which every processor
    does at one a cycle: the ratio reads as cycles."""

    name: str = "micro"
    binaries: tuple = ("floor_bench", "trace_bench")
    baseline: str = "add"
    tools: tuple = ()

    def results(self, bench):
        folder = bench.options.build / "bench"
        owner = {case: folder / b for b in self.binaries for case in micro.cases(folder / b)}
        again = f"{self.baseline}-again"
        owner[again] = owner[self.baseline]
        milliseconds = 2 if bench.options.quick else 20

        def run(name):
            return micro.sample(owner[name], name.removesuffix("-again"), milliseconds)

        rounds = contest.play(
            list(owner), run, usual_rounds(bench), bench.progress, self.name
        )
        return bench.evaluate(self.metrics(owner, again), rounds)

    def metrics(self, cases, again):
        for case in cases:
            if case not in (self.baseline, again):
                yield Metric(
                    f"{self.name}/{case}",
                    case,
                    f"{self.baseline} (one cycle)",
                    "ns",
                    lambda r, case=case: (r[case], r[self.baseline]),
                    lambda r: (r[again], r[self.baseline]),
                )


# --- a program that profiles itself


@dataclass(frozen=True)
class InsideWorkload:
    """Snapshots against the time that one may take, and pairs of calls against those that nobody
    looks at."""

    name: str = "inside"
    tools: tuple = ()

    def results(self, bench):
        binary = bench.options.build / "bench" / "profiler" / "inside"
        rounds = contest.play(
            micro.cases(binary),
            lambda case: micro.figures(binary, case),
            usual_rounds(bench),
            bench.progress,
            self.name,
        )
        return bench.evaluate(self.metrics(), rounds)

    def metrics(self):
        for case in ("rest", "busy"):
            for figure in ("median", "p95"):
                yield Metric(
                    f"{self.name}/snapshot-{case}/{figure}",
                    f"snapshot, 64 threads, {case}",
                    "allowed: 1 ms",
                    "ns",
                    lambda r, case=case, figure=figure: (r[case][figure], SNAPSHOT_NS_MAX),
                    equal=None,
                    bar={"max": 1.0} if figure == "median" else None,
                )
        for figure in ("default", "stacks", "sample"):
            yield Metric(
                f"{self.name}/pair/{figure}",
                figure,
                "nobody looks",
                "ns",
                lambda r, figure=figure: (r["pairs"][figure], r["pairs"]["off"]),
                lambda r: (r["pairs"]["off-again"], r["pairs"]["off"]),
            )


WORKLOADS = {
    w.name: w
    for w in (
        ProgramWorkload("sqlite", programs.sqlite, "sqlite3"),
        ProgramWorkload("cc1", programs.cc1, "gcc", length=False),
        ProgramWorkload("python", programs.python, "/usr/bin/python3"),
        ProgramWorkload("threads", programs.threads, "gcc", threads=2),
        RedisWorkload(),
        MicroWorkload(),
        InsideWorkload(),
    )
}
PROGRAMS = (ProgramWorkload, RedisWorkload)  # that contestants run


def check_installed(bench):
    """Everything that will run is there, before anything runs."""
    workloads = [WORKLOADS[name] for name in bench.workloads]
    racing = any(isinstance(w, PROGRAMS) for w in workloads)
    contestants = [CONTESTANTS[name] for name in bench.contestants] if racing else []
    tools = [tool for w in workloads for tool in w.tools]
    tools += [c.tool for c in contestants if c.tool]
    missing = sorted({tool for tool in tools if not shutil.which(tool)})
    if missing:
        why = "not installed; './dev setup --bench' installs it"
        raise BenchError(MISSING, ", ".join(missing), why)
    if any(c.ours for c in contestants) and not bench.ccmem.exists():
        raise BenchError(MISSING, str(bench.ccmem), "not built; './dev build' makes it")


def run(bench):
    """The results of the chosen workloads."""
    check_installed(bench)
    return [entry for name in bench.workloads for entry in WORKLOADS[name].results(bench)]
