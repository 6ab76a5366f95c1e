# SPDX-License-Identifier: MIT
"""Many contestants, of which some may not be installed.

Everyone is compared with a base, and besides with whomever a bar names. Bars are {who: {against
whom: bound}}: a time is at most so much of the other's, a rate at least. Whoever is not there is
left out with the bars against it; a line on stderr says so.
"""

import sys
from dataclasses import dataclass, field

from . import contest, micro
from .versus import metric, with_again


@dataclass(frozen=True)
class Entrant:
    """program: the end of the name of its programs, and of its target, in the build. peer: it may
    be missing."""

    program: str
    peer: bool = True
    env: dict = field(default_factory=dict)


def those_present(bench, group, entrants, names):
    """Build the programs of entrants. Those of names that are there: all but peers that do not
    build."""
    present = {}
    for name in names:
        entrant = entrants[name]
        if entrant.program not in present:
            present[entrant.program] = is_present(bench, group, entrant, name)
    return [name for name in names if present[entrants[name].program]]


def is_present(bench, group, entrant, name):
    bench.progress.say(f"building {entrant.program}")
    folder, target = bench.options.build, f"{group}_{entrant.program}"
    if not entrant.peer:
        micro.build(folder, [target])
        return True
    there, words = micro.try_to_build(folder, [target])
    if there and not (folder / "CMakeCache.txt").exists():
        there = any((folder / "bench" / group).glob(f"*-{entrant.program}"))
    if not there:
        bench.progress.clear()
        why = "is left out: it does not build; './dev setup --bench' installs what peers need"
        print(f"ccmem: bench: {name} {why}", file=sys.stderr)
        first = next((line for line in words.splitlines() if "error" in line), "")
        print(first, end="\n" if first else "", file=sys.stderr)
    return there


@dataclass(frozen=True)
class Race:
    """bases: whoever of them comes first and is there is the base. twice: others that run twice."""

    bases: tuple
    names: list
    bars: dict
    twice: tuple = ()

    @property
    def base(self):
        return next((name for name in self.bases if name in self.names), None)

    def baselines(self):
        """The base, and whoever else something is measured against."""
        named = {name for who in self.names for name in self.bars.get(who, {})} | {*self.twice}
        return [self.base, *(n for n in self.names if n in named and n != self.base)]

    def runners(self):
        """Everyone that runs in a round; a baseline twice."""
        return list(dict.fromkeys([*with_again(self.baselines()), *self.names]))

    def play(self, bench, label, rounds, run_one):
        return contest.play(self.runners(), run_one, rounds, bench.progress, label)

    def metrics(self, title, key, unit, better="lower"):
        """Everyone against the base; then the bars against others, whose names end with theirs."""
        for name in self.names:
            if name != self.base:
                bound = self.bars.get(name, {}).get(self.base)
                yield metric(f"{title}/{name}", key, unit, name, self.base, bound, better)
        for name in self.names:
            for against, bound in self.bars.get(name, {}).items():
                if against in self.names and against != self.base:
                    last = f"{title}/{name}/{against}"
                    yield metric(last, key, unit, name, against, bound, better)
