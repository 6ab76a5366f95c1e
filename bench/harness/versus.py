# SPDX-License-Identifier: MIT
"""Contestants against baselines, each of which runs twice in a round: the second time under another
name, for the A/A band of what is measured against it."""

from .result import Metric

AGAIN = "-again"


def original(name):
    """Who that is."""
    return name.removesuffix(AGAIN)


def with_again(baselines):
    """Each baseline and, for its A/A band, the same once more."""
    return [name for baseline in baselines for name in (baseline, baseline + AGAIN)]


def metric(name, key, unit, contestant, baseline, bound=None, better="lower"):
    """The result of that name: a contestant's figure in parts of a baseline's; at most bound, or at
    least where more is better."""
    return Metric(
        name,
        contestant,
        baseline,
        unit,
        lambda r: (r[contestant][key], r[baseline][key]),
        lambda r: (r[baseline + AGAIN][key], r[baseline][key]),
        bar={"max" if better == "lower" else "min": bound} if bound else None,
        better=better,
    )
