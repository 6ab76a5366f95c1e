# SPDX-License-Identifier: MIT
"""What changed between two runs of a group, and what is only noise.

The change of a ratio is a quotient; that of a share which may be nothing (equal 0) a difference.
What has no A/A band is never claimed: nothing was measured beside it that drifts as it does.
"""

from . import stats
from .result import band_of, ratio_of
from .table import columns, interval, number

HEADINGS = ("result", "old", "new", "change", "95% interval", "verdict")
SAME = "no difference shown"
FEW = "too few rounds"
BARE = "no A/A band"
WORDS = ("better", "worse", SAME, FEW, BARE)


def is_beyond_noise(old, new, change):
    """A change counts when it leaves the A/A bands of both runs and the intervals are apart."""
    outside = not any(band_of(r).contains(change.median) for r in (old, new))
    return outside and not ratio_of(old).overlaps(ratio_of(new))


def verdict(old, new, change):
    if min(old["n"], new["n"]) < stats.FEWEST:
        return FEW
    if old["aa_lo"] is None or new["aa_lo"] is None:
        return BARE
    if not is_beyond_noise(old, new, change):
        return SAME
    lower_is_better = new["better"] == "lower"
    same = 0 if new["equal"] == 0 else 1
    return "better" if (change.median < same) == lower_is_better else "worse"


def compare_result(old, new, seed, resamples):
    """One row: (name, old ratio, new ratio, change as an Estimate, verdict)."""
    samples = (stats.ratios(r["samples"]) for r in (old, new))
    change = stats.estimate_change(*samples, new["equal"], f"{seed}:{new['name']}", resamples)
    word = verdict(old, new, change)
    return (old["name"], old["ratio_median"], new["ratio_median"], change, word)


def compare_documents(old, new, seed, resamples):
    """A row for each name that is in both, in the order of the new one."""
    before = {r["name"]: r for r in old["results"]}
    return [
        compare_result(before[r["name"]], r, seed, resamples)
        for r in new["results"]
        if r["name"] in before
    ]


def notes(old, new):
    """What makes the two less comparable than they look."""
    for key in ("cpu", "cpus", "kernel", "pinning"):
        if old["machine"].get(key) != new["machine"].get(key):
            yield f"note: {key} differs: {old['machine'].get(key)} / {new['machine'].get(key)}"
    if old.get("quick") or new.get("quick"):
        yield "note: a quick run takes part; its inputs are smaller"
    names = {r["name"] for r in old["results"]} ^ {r["name"] for r in new["results"]}
    if names:
        yield f"note: {len(names)} results are in one file only: {', '.join(sorted(names))}"


def render(old, new, seed, resamples):
    compared = compare_documents(old, new, seed, resamples)
    rows = [HEADINGS] + [
        (name, number(a), number(b), number(change.median), interval(change), word)
        for name, a, b, change, word in compared
    ]
    counts = (f"{sum(r[-1] == word for r in compared)} {word}" for word in WORDS)
    last = ", ".join(counts)
    return "\n".join([*notes(old, new), *columns(rows), "", last]) + "\n"
