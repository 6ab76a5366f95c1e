# SPDX-License-Identifier: MIT
"""Group queue: the queues of ccmem beside those of crossbeam, Boost, oneTBB, liburcu and Java, one of
Michael and Scott's, and a deque with a mutex.

Everyone runs the same driver (bench/queue/queue.c, for Java bench/queue/Queues.java).
"""

from dataclasses import dataclass, field

from harness import micro, rivals
from harness.peers import crates, java
from harness.versus import original

SUMMARY = "queues between threads beside Michael-Scott, crossbeam, Boost, oneTBB, liburcu, Java"
VERSIONS = ("default-jdk-headless", "g++", "libboost-dev", "libtbb-dev", "liburcu-dev")
ROUNDS, QUICK_ROUNDS = 12, 2
FIGURE, UNIT = "speed", "M/s"
BASES = ("ms",)
OURS = {"CCMEM_BACKEND": "mimalloc"}

ENTRANTS = {
    "lfqueue": rivals.Entrant("lfqueue", peer=False, env=OURS),
    "bounded": rivals.Entrant("bounded", peer=False, env=OURS),
    "ms": rivals.Entrant("ms", peer=False, env=OURS),
    "rculfqueue": rivals.Entrant("rculfqueue", env=OURS),
    "boost": rivals.Entrant("boost"),
    "tbb": rivals.Entrant("tbb"),
    "seg": rivals.Entrant("seg"),
    "seg-mimalloc": rivals.Entrant("seg-mimalloc"),
    "array": rivals.Entrant("array"),
    "deque": rivals.Entrant("deque"),
    "java": rivals.Entrant("java"),
}
CONTESTANTS = tuple(ENTRANTS)
USUAL_CONTESTANTS = CONTESTANTS

# The least of a rate in parts of others'; None: it is only said where ours stands.
AHEAD = {"ms": 1.0, "rculfqueue": 1.0, "boost": 1.0, "tbb": 1.0, "seg": None}
STANDS = {"array": None}


@dataclass(frozen=True)
class Workload:
    case: str
    bars: dict = field(default_factory=dict)

    def results(self, bench, present):
        race = rivals.Race(BASES, present, self.bars)
        if not race.base:
            return []
        case = f"{self.case}-quick" if bench.options.quick else self.case

        def run_one(name):
            entrant = ENTRANTS[original(name)]
            binary = bench.options.build / "bench" / "queue" / f"queue-{entrant.program}"
            return micro.figures(binary, case, env=entrant.env)

        rounds = race.play(bench, self.case, bench.rounds(ROUNDS, QUICK_ROUNDS), run_one)
        return bench.evaluate(race.metrics(self.case, FIGURE, UNIT, "higher"), rounds)


WORKLOADS = {
    "alone": Workload("alone"),
    "1p1c": Workload("1p1c", {"lfqueue": AHEAD, "bounded": STANDS}),
    "2p2c": Workload("2p2c", {"lfqueue": AHEAD, "bounded": STANDS}),
}


def run(bench):
    """The results of the chosen workloads."""
    wanted = [n for n in ENTRANTS if n in bench.contestants or n in BASES]
    present = rivals.those_present(bench, "queue", ENTRANTS, wanted)
    return [e for name in bench.workloads for e in WORKLOADS[name].results(bench, present)]


def other_versions():
    return crates("crossbeam-queue") | java()
