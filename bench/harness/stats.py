# SPDX-License-Identifier: MIT
"""Medians of paired ratios, their bootstrap intervals, and what may be said about them.

A sample is a pair (a, b) of one round; its ratio is a / b. Ratios are formed within a round, before
anything is averaged, so that drift between rounds cancels.
"""

import random
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95
RESAMPLES = 4000
# The widest interval that n samples can give is their range, which misses the median with a
# probability of 2 ** (1 - n): below six samples there is no interval of 95 %.
FEWEST = 6


class Estimate(NamedTuple):
    median: float
    lo: float
    hi: float

    def overlaps(self, other):
        return self.lo <= other.hi and other.lo <= self.hi

    def contains(self, value):
        return self.lo <= value <= self.hi


def ratios(pairs):
    return [a / b for a, b in pairs]


def percentile_interval(values):
    """The middle CONFIDENCE of the values."""
    ordered = sorted(values)
    tail = (1 - CONFIDENCE) / 2
    last = len(ordered) - 1
    return ordered[round(tail * last)], ordered[round((1 - tail) * last)]


def resampled_medians(values, rng, resamples):
    return [median(rng.choices(values, k=len(values))) for _ in range(resamples)]


def estimate(values, seed, resamples=RESAMPLES):
    """The median and its percentile-bootstrap interval; the same seed gives the same interval."""
    rng = random.Random(seed)
    lo, hi = percentile_interval(resampled_medians(values, rng, resamples))
    return Estimate(median(values), lo, hi)


def change_from(old, new, equal):
    """A difference where equal things give 0, a quotient otherwise."""
    return new - old if equal == 0 else new / old


def estimate_change(old, new, equal, seed, resamples=RESAMPLES):
    """How the median changed, with its interval; old and new were sampled independently."""
    rng = random.Random(seed)
    before = resampled_medians(old, rng, resamples)
    after = resampled_medians(new, rng, resamples)
    lo, hi = percentile_interval([change_from(a, b, equal) for a, b in zip(before, after)])
    return Estimate(change_from(median(old), median(new), equal), lo, hi)


def band_around(equal, value):
    """The A/A band of an interval, taken both ways: which of two equal runs is called the first is
    chance. It holds what equal things give."""
    other = (-value.hi, -value.lo) if equal == 0 else (1 / value.hi, 1 / value.lo)
    return Estimate(equal, min(value.lo, other[0]), max(value.hi, other[1]))


def differs(value, band):
    """Whether an estimate may be called different from the baseline: its whole interval lies
    outside the A/A band, the spread of the baseline against itself in the same run."""
    return not value.overlaps(band)
