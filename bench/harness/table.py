# SPDX-License-Identifier: MIT
"""Results as text."""

from statistics import median

from . import stats
from .result import band_of, noise_of, ratio_of

HEADINGS = ("result", "ratio", "95% interval", "A/A band", "differs", "bar", "met", "medians")


def number(x):
    """Two to four digits that matter."""
    if abs(x) >= 1e6:
        return f"{x / 1e6:.2f}M"
    if abs(x) >= 100:
        return f"{x:.0f}"
    if 0 < abs(x) < 0.01:
        return f"{x:.2g}"
    return f"{x:.2f}" if abs(x) >= 10 else f"{x:.3f}"


def interval(value):
    return f"{number(value.lo)} .. {number(value.hi)}" if value else "-"


def bar_text(bar):
    if bar is None:
        return "-"
    kind, bound = next(iter(bar.items()))
    return f"{kind} {number(bound)}"


def differs_text(result):
    """Whether the noise of the run allows to call contestant and baseline different."""
    band = band_of(result)
    if band is None or result["equal"] is None:
        return "-"
    if result["n"] < stats.FEWEST:
        return f"n<{stats.FEWEST}"
    return "yes" if stats.differs(ratio_of(result), band) else "no"


def is_uncertain(result):
    """Whether another run may well say otherwise: the bar lies within the interval, or both of
    them are so near to no difference at all that they are within the noise."""
    bound = next(iter(result["bar"].values()))
    ratio, band = ratio_of(result), noise_of(result)
    between = ratio.contains(bound) and ratio.lo < ratio.hi
    return between or (band is not None and band.contains(bound) and band.overlaps(ratio))


def met_text(result, quick):
    """The verdict, with '?' where it is uncertain."""
    if result["met"] is None:
        return "-"
    text = "yes" if result["met"] else "NO"
    if is_uncertain(result):
        text += "?"
    return text + " (quick)" if quick else text


def medians_text(result):
    """What was measured, of the contestant and of the baseline."""
    ours, theirs = (median(column) for column in zip(*result["samples"]))
    return f"{number(ours)} / {number(theirs)} {result['unit']}"


def row(result, quick):
    return (
        result["name"],
        number(result["ratio_median"]),
        interval(ratio_of(result)),
        interval(band_of(result)),
        differs_text(result),
        bar_text(result["bar"]),
        met_text(result, quick),
        medians_text(result),
    )


def columns(rows):
    """Rows as aligned lines; the first column to the left, the others to the right."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]

    def line(cells):
        rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:]))
        return "  ".join((cells[0].ljust(widths[0]), *rest)).rstrip()

    return [line(r) for r in rows]


def render_conditions(doc):
    """The lines above a table: where, with what, how."""
    machine, numbers = doc["machine"], doc["statistics"]
    versions = ", ".join(f"{k} {v}" for k, v in sorted(doc["versions"].items()) if v)
    yield f"group {doc['group']}"
    if doc["quick"]:
        yield "QUICK RUN: small inputs and few rounds; it shows that things work, not how fast"
    yield f"machine   {machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, kernel " \
          f"{machine['kernel']}, governor {machine['governor'] or 'unknown'}, " \
          f"pinning {machine['pinning']}, load {machine['load_before']} before and " \
          f"{machine['load_after']} after"
    yield f"versions  {versions}"
    yield f"numbers   {numbers['ratio']}; {numbers['interval']} interval, " \
          f"{numbers['resamples']} resamples, seed {numbers['seed']}"


def summary(doc):
    judged = [r for r in doc["results"] if r["met"] is not None]
    missed = [r for r in judged if not r["met"]]
    note = " (quick run)" if doc["quick"] else ""
    return f"{len(judged) - len(missed)} of {len(judged)} bars met{note}"


def render(doc):
    """The whole report of a run."""
    rows = [HEADINGS] + [row(r, doc["quick"]) for r in doc["results"]]
    return "\n".join([*render_conditions(doc), "", *columns(rows), "", summary(doc)]) + "\n"
