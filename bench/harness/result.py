# SPDX-License-Identifier: MIT
"""From rounds to results, and the JSON document ccmem-bench/1.

A Metric says how to take a pair (a, b) out of a round; its result is the median of a / b. Whatever
is judged is brought into that form: bytes per event is (bytes, events), added memory against what
is allowed is (added, allowed). Then one statistic, one bar and one picture serve all.
"""

import json
from dataclasses import dataclass
from typing import Callable

from . import stats
from .errors import MISSING, REFUSED, BenchError

SCHEMA = "ccmem-bench/1"
NUMBER = (int, float)


@dataclass(frozen=True)
class Metric:
    """pair: the sample of a round. again: the same of the baseline against itself, or None where
    there is no such thing. equal: what a contestant would get that is the baseline, 1 for plain
    ratios, 0 where a is a difference; None where a and b are no rivals (bytes, events), and then
    again is what was measured twice against itself. bar: {"max": x} or {"min": x} or None."""

    name: str
    contestant: str
    baseline: str
    unit: str
    pair: Callable
    again: Callable | None = None
    equal: int | None = 1
    bar: dict | None = None
    better: str = "lower"


def meets(value, bar):
    """Whether a value reaches its bar; None without one."""
    if bar is None:
        return None
    return value <= bar["max"] if "max" in bar else value >= bar["min"]


def checked_ratios(name, pairs, equal):
    if any(b <= 0 or (equal != 0 and a <= 0) for a, b in pairs):
        raise BenchError(REFUSED, name, "nothing was measured in a round, so there is no ratio")
    return stats.ratios(pairs)


def evaluate_band(metric, rounds, seed, resamples):
    """The A/A band of a metric, or None."""
    if metric.again is None:
        return None
    values = checked_ratios(metric.name, [metric.again(r) for r in rounds], metric.equal)
    again = stats.estimate(values, f"{seed}:{metric.name}:again", resamples)
    return stats.band_around(1 if metric.equal is None else metric.equal, again)


def evaluate(metric, rounds, seed, resamples):
    """One entry of the JSON's results."""
    pairs = [metric.pair(r) for r in rounds]
    values = checked_ratios(metric.name, pairs, metric.equal)
    ratio = stats.estimate(values, f"{seed}:{metric.name}", resamples)
    band = evaluate_band(metric, rounds, seed, resamples)
    return {
        "name": metric.name,
        "contestant": metric.contestant,
        "baseline": metric.baseline,
        "unit": metric.unit,
        "better": metric.better,
        "equal": metric.equal,
        "ratio_median": ratio.median,
        "ratio_lo": ratio.lo,
        "ratio_hi": ratio.hi,
        "aa_lo": band and band.lo,
        "aa_hi": band and band.hi,
        "n": len(pairs),
        "bar": metric.bar,
        "met": meets(ratio.median, metric.bar),
        "samples": [list(pair) for pair in pairs],
    }


def ratio_of(result):
    """The estimate of a result."""
    return stats.Estimate(result["ratio_median"], result["ratio_lo"], result["ratio_hi"])


def band_of(result):
    """The A/A band of a result, or None."""
    if result["aa_lo"] is None:
        return None
    middle = (result["aa_lo"] + result["aa_hi"]) / 2
    return stats.Estimate(middle, result["aa_lo"], result["aa_hi"])


def noise_of(result):
    """The A/A band on the scale of the result itself, or None."""
    band = band_of(result)
    if band is None or result["equal"] is not None:
        return band
    middle = result["ratio_median"]
    return stats.Estimate(middle, middle * band.lo, middle * band.hi)


def document(group, machine, versions, results, *, quick, seed, resamples):
    """The whole JSON document."""
    return {
        "schema": SCHEMA,
        "group": group,
        "quick": quick,
        "machine": machine,
        "versions": versions,
        "statistics": {
            "ratio": "median of contestant/baseline, formed within each round",
            "interval": "percentile bootstrap",
            "confidence": stats.CONFIDENCE,
            "resamples": resamples,
            "seed": seed,
        },
        "results": results,
    }


TOP_FIELDS = {"group": str, "machine": dict, "versions": dict, "results": list}
RESULT_FIELDS = {
    "name": str,
    "contestant": str,
    "baseline": str,
    "unit": str,
    "better": str,
    "equal": (int, type(None)),
    "ratio_median": NUMBER,
    "ratio_lo": NUMBER,
    "ratio_hi": NUMBER,
    "aa_lo": (*NUMBER, type(None)),
    "aa_hi": (*NUMBER, type(None)),
    "n": int,
    "bar": (dict, type(None)),
    "met": (bool, type(None)),
    "samples": list,
}


def is_pair(value, equal):
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(x, NUMBER) and not isinstance(x, bool) for x in value)
        and value[1] > 0
        and (value[0] > 0 or equal == 0)
    )


def is_bar(value):
    if value is None:
        return True
    bounds = [*value.items()]
    return len(bounds) == 1 and bounds[0][0] in ("max", "min") and isinstance(bounds[0][1], NUMBER)


def fault_of_fields(value, fields):
    """What is missing or of the wrong type, or None."""
    if not isinstance(value, dict):
        return "not an object"
    for key, kind in fields.items():
        if key not in value:
            return f"'{key}' is missing"
        if not isinstance(value[key], kind):
            return f"'{key}' is of the wrong type"
    return None


def fault_of_result(result):
    """Why this is no result, or None."""
    fault = fault_of_fields(result, RESULT_FIELDS)
    if fault:
        return fault
    if not result["samples"] or not all(is_pair(p, result["equal"]) for p in result["samples"]):
        return "'samples' are not pairs that have ratios"
    if len(result["samples"]) != result["n"]:
        return "'n' is not the number of samples"
    if result["better"] not in ("lower", "higher") or result["equal"] not in (0, 1, None):
        return "'better' or 'equal' is none of those that there are"
    if not is_bar(result["bar"]):
        return "'bar' is not one bound"
    if (result["aa_lo"] is None) != (result["aa_hi"] is None):
        return "the A/A band has one end"
    if result["met"] != meets(result["ratio_median"], result["bar"]):
        return "'met' is not what the bar says"
    return None


def fault_of(doc):
    """Why this is no ccmem-bench/1 document, or None."""
    if not isinstance(doc, dict) or doc.get("schema") != SCHEMA:
        return f"not a {SCHEMA} document"
    fault = fault_of_fields(doc, TOP_FIELDS)
    if fault:
        return fault
    for number, result in enumerate(doc["results"]):
        fault = fault_of_result(result)
        if fault:
            return f"result {number}: {fault}"
    return None


def load(path):
    """A checked document from a file."""
    try:
        with open(path, encoding="utf-8") as f:
            doc = json.load(f)
    except OSError as error:
        raise BenchError(MISSING, path, error.strerror)
    except ValueError as error:
        raise BenchError(MISSING, path, f"not JSON: {error}")
    fault = fault_of(doc)
    if fault:
        raise BenchError(MISSING, path, fault)
    return doc
