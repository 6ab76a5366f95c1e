# SPDX-License-Identifier: MIT
"""Group map: the ordered maps of ccmem beside crossbeam's SkipMap, Java's ConcurrentSkipListMap and
std::map with a mutex.

Everyone runs the same driver (bench/map/map.c, for Java bench/map/Maps.java), with numbers as keys
and, as NAME-keys, with pointers to keys that a function compares. Peers that call malloc run over
glibc, as their users have them, and as NAME-mimalloc over what cc_alloc stands on.
"""

import subprocess
from dataclasses import dataclass

from harness import micro, rivals
from harness.errors import MISSING, BenchError
from harness.peers import crates, java
from harness.versus import original

SUMMARY = "skip list and tree beside crossbeam's, Java's and std::map with a mutex"
VERSIONS = ("default-jdk-headless", "g++", "libmimalloc2.0", "libtbb-dev")
ROUNDS, QUICK_ROUNDS = 10, 1
UNIT = "M/s"

KEYS = "-keys"
SKIPMAP, BST = "skipmap", "bst"


@dataclass(frozen=True)
class Contestant:
    """options: what the program is told besides the case."""

    entrant: rivals.Entrant
    options: tuple = ()


def peer(program, *options):
    return Contestant(rivals.Entrant(program), options)


def ours(program):
    return Contestant(rivals.Entrant(program, peer=False, env={"CCMEM_BACKEND": "mimalloc"}))


# Those that have numbers as keys, and those that have others, are compared among themselves.
NUMBERS = {
    SKIPMAP: ours("skipmap"),
    BST: ours("bst"),
    "crossbeam": peer("crossbeam"),
    "crossbeam-mimalloc": peer("crossbeam-mimalloc"),
    "java": peer("java"),
    "std": peer("std"),
    "std-mimalloc": peer("std-mimalloc"),
    "tbb": peer("tbb"),
}
OTHERS = {
    SKIPMAP + KEYS: ours("skipmap-keys"),
    BST + KEYS: ours("bst-keys"),
    "crossbeam" + KEYS: peer("crossbeam-keys"),
    "crossbeam-mimalloc" + KEYS: peer("crossbeam-mimalloc-keys"),
    "java" + KEYS: peer("java", "keys"),
    "std" + KEYS: peer("std-keys"),
    "std-mimalloc" + KEYS: peer("std-mimalloc-keys"),
}
FIELDS = {"numbers": NUMBERS, "keys": OTHERS}
CONTESTANTS = tuple({**NUMBERS, **OTHERS})
USUAL_CONTESTANTS = CONTESTANTS
ENTRANTS = {name: c.entrant for name, c in {**NUMBERS, **OTHERS}.items()}

# The least of the skip list's rate in parts of theirs, by size, mix and threads; None: it is only
# said where ours stands.
MIMALLOC = "crossbeam-mimalloc"
BARS = {
    "10k": {
        "mixed-1": {"crossbeam": 1.0, "java": 1.5, "std": 0.75, MIMALLOC: None},
        "mixed-2": {"crossbeam": 1.3, "java": 1.5, "std": None, MIMALLOC: None},
    },
    "1m": {
        "mixed-1": {"crossbeam": 1.0, "java": 2.0, "std": 0.75, MIMALLOC: None},
        "mixed-2": {"crossbeam": 1.1, "java": 2.0, "std": 2.4, MIMALLOC: None},
    },
}
MIXES = ("mixed-1", "mixed-2", "reads-1", "reads-2", "replacing-1", "replacing-2")
BASES = ("crossbeam", "std", SKIPMAP)


def with_suffix(bars, suffix):
    """The same bars in the field of those whose names end so."""
    return {who + suffix: bound for who, bound in bars.items()}


@dataclass(frozen=True)
class Workload:
    """A size, in one field."""

    size: str
    field: str

    @property
    def suffix(self):
        return KEYS if self.field == "keys" else ""

    def bars(self, mix):
        against = with_suffix(BARS[self.size].get(mix, {}), self.suffix)
        return {SKIPMAP + self.suffix: against} if against else {}

    def race(self, present, mix=None):
        """All that is judged, or what is of one mix."""
        mixes = [mix] if mix else MIXES
        against = {}
        for m in mixes:
            against |= self.bars(m).get(SKIPMAP + self.suffix, {})
        names = [n for n in FIELDS[self.field] if n in present]
        bases = tuple(name + self.suffix for name in BASES)
        return rivals.Race(bases, names, {SKIPMAP + self.suffix: against})

    def results(self, bench, present):
        race = self.race(present)
        if not race.base:
            return []
        case = f"{self.size}-quick" if bench.options.quick else self.size

        def run_one(name):
            who = FIELDS[self.field][original(name)]
            binary = bench.options.build / "bench" / "map" / f"map-{who.entrant.program}"
            return micro.figures(binary, case, *who.options, env=who.entrant.env)

        label, count = f"{self.size}, {self.field}", bench.rounds(ROUNDS, QUICK_ROUNDS)
        rounds = race.play(bench, label, count, run_one)
        title = f"{self.size}/{{}}"
        metrics = (
            metric
            for mix in MIXES
            for metric in self.race(present, mix).metrics(title.format(mix), mix, UNIT, "higher")
        )
        return bench.evaluate(metrics, rounds)


WORKLOADS = {
    f"{size}-{field}": Workload(size, field) for size in BARS for field in FIELDS
}


def run(bench):
    """The results of the chosen workloads."""
    fields = {WORKLOADS[name].field for name in bench.workloads}
    names = [n for field in FIELDS for n in FIELDS[field] if field in fields]
    wanted = [n for n in names if n in bench.contestants]
    present = rivals.those_present(bench, "map", ENTRANTS, wanted)
    return [e for name in bench.workloads for e in WORKLOADS[name].results(bench, present)]


def other_versions():
    return crates("crossbeam-skiplist") | java()


def soak(build, amount):
    """Run the soaks of so many operations each, or seconds ("60s"); the exit status of the first that
    finds something."""
    micro.build(build, [f"map_soak-{name}" for name in (SKIPMAP, BST)])
    for name in (SKIPMAP, BST):
        status = run_soak(build / "bench" / "map" / f"soak-{name}", amount)
        if status:
            return status
    return 0


def run_soak(binary, amount):
    try:
        status = subprocess.run([binary, amount]).returncode
    except OSError as error:
        raise BenchError(MISSING, str(binary), f"{error.strerror}; './dev build' makes it")
    return status if status >= 0 else 128 - status
