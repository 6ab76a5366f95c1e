# SPDX-License-Identifier: MIT
"""Results as one HTML page that needs nothing else: every sample a dot, in light and dark."""

import math
from html import escape
from itertools import groupby

from . import stats
from .result import band_of, noise_of, ratio_of
from .table import bar_text, differs_text, interval, met_text, number, render_conditions, summary

WIDTH, HEIGHT, MARGIN = 560, 58, 12
AXIS_Y = 40
LANES = 7  # dots of a strip lie in so many heights, so that they hide each other less

STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --quiet: #5f6c7b; --paper: #ffffff;
  --line: #d5dae1; --dot: #2f6fb0; --band: #c9ced6; --bar: #b3261e; --ok: #1d7a46; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --quiet: #9aa5b4; --paper: #14181d;
  --line: #353c46; --dot: #76b0ea; --band: #3b434e; --bar: #ff8a80; --ok: #6fd39b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
pre { color: var(--quiet); white-space: pre-wrap; font-size: .85rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; }
.no { color: var(--bar); font-weight: 600; } .yes { color: var(--ok); }
.quick { border-left: 4px solid var(--bar); padding-left: .8rem; }
svg { display: block; } svg text { fill: var(--quiet); font-size: 11px; }
.axis { stroke: var(--line); } .band { fill: var(--band); opacity: .7; }
.bar { stroke: var(--bar); stroke-width: 2; stroke-dasharray: 4 3; }
.dot { fill: var(--dot); opacity: .65; } .interval { stroke: var(--ink); stroke-width: 2; }
.median { fill: var(--ink); }
.key svg { display: inline-block; vertical-align: middle; margin: 0 .3rem 0 1rem; }
.scroll { overflow-x: auto; }
"""


class Scale:
    """From values to places on a strip."""

    def __init__(self, values):
        lo, hi = min(values), max(values)
        pad = (hi - lo) * 0.05 or abs(hi) * 0.05 or 1.0
        self.lo, self.hi = lo - pad, hi + pad

    def x(self, value):
        part = (value - self.lo) / (self.hi - self.lo)
        return round(MARGIN + part * (WIDTH - 2 * MARGIN), 1)

    def ticks(self):
        """Three to six round values within the strip."""
        step = 10 ** math.floor(math.log10(self.hi - self.lo))
        for part in (1, 0.5, 0.2):
            if (self.hi - self.lo) / (step * part) >= 3:
                step *= part
                break
        first, last = math.ceil(self.lo / step), math.floor(self.hi / step)
        return [i * step for i in range(first, last + 1)]


def values_of(result):
    """Everything that a strip must show."""
    values = stats.ratios(result["samples"]) + [result["ratio_lo"], result["ratio_hi"]]
    band = noise_of(result)
    if band:
        values += [band.lo, band.hi]
    if result["bar"]:
        values += result["bar"].values()
    return values


def draw_axis(scale):
    yield f'<line class="axis" x1="0" x2="{WIDTH}" y1="{AXIS_Y}" y2="{AXIS_Y}"/>'
    for tick in scale.ticks():
        x = scale.x(tick)
        yield f'<line class="axis" x1="{x}" x2="{x}" y1="{AXIS_Y}" y2="{AXIS_Y + 4}"/>'
        yield f'<text x="{x}" y="{AXIS_Y + 15}" text-anchor="middle">{number(tick)}</text>'


def draw_band(scale, band):
    if band:
        x = scale.x(band.lo)
        width = max(scale.x(band.hi) - x, 1)
        yield f'<rect class="band" x="{x}" y="2" width="{width:.1f}" height="{AXIS_Y - 2}">'
        yield f"<title>A/A band {interval(band)}</title></rect>"


def draw_bar(scale, bar):
    if bar:
        x = scale.x(next(iter(bar.values())))
        yield f'<line class="bar" x1="{x}" x2="{x}" y1="0" y2="{AXIS_Y}">'
        yield f"<title>bar: {bar_text(bar)}</title></line>"


def draw_samples(scale, result):
    for i, (a, b) in enumerate(result["samples"]):
        y = 8 + 20 * (i % LANES) / (LANES - 1)
        title = f"round {i + 1}: {number(a)} / {number(b)} {escape(result['unit'])}"
        yield f'<circle class="dot" cx="{scale.x(a / b)}" cy="{y:.1f}" r="3.5">'
        yield f"<title>{title}</title></circle>"


def draw_interval(scale, ratio):
    y = AXIS_Y - 5
    yield f'<line class="interval" x1="{scale.x(ratio.lo)}" x2="{scale.x(ratio.hi)}" '
    yield f'y1="{y}" y2="{y}"><title>interval {interval(ratio)}</title></line>'
    yield f'<circle class="median" cx="{scale.x(ratio.median)}" cy="{y}" r="4">'
    yield f"<title>median {number(ratio.median)}</title></circle>"


def strip(result):
    """The picture of one result."""
    scale = Scale(values_of(result))
    parts = [
        *draw_band(scale, noise_of(result)),
        *draw_axis(scale),
        *draw_bar(scale, result["bar"]),
        *draw_samples(scale, result),
        *draw_interval(scale, ratio_of(result)),
    ]
    label = escape(f"{result['name']}: {number(result['ratio_median'])}", quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{label}">{"".join(parts)}</svg>'
    )


def row(result, quick):
    met = met_text(result, quick)
    kind = "" if result["met"] is None else ("yes" if result["met"] else "no")
    cells = (number(result["ratio_median"]), interval(ratio_of(result)),
             interval(band_of(result)), differs_text(result), bar_text(result["bar"]))
    who = escape(f"{result['contestant']} / {result['baseline']}")
    return (
        f'<tr><td><b>{escape(result["name"])}</b><br><small>{who}, n={result["n"]}</small></td>'
        f"<td>{strip(result)}</td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + f'<td class="{kind}">{met}</td></tr>'
    )


def section(title, results, quick):
    heads = "".join(
        f"<th>{h}</th>"
        for h in ("result", "samples", "ratio", "95% interval", "A/A band", "differs", "bar", "met")
    )
    rows = "\n".join(row(r, quick) for r in results)
    return (
        f'<h2>{escape(title)}</h2>\n<div class="scroll"><table><tr>{heads}</tr>\n{rows}\n'
        "</table></div>"
    )


KEY = """<p class="key">
<svg width="12" height="12"><circle class="dot" cx="6" cy="6" r="3.5"/></svg>a round
<svg width="24" height="12"><line class="interval" x1="0" x2="24" y1="6" y2="6"/>
<circle class="median" cx="12" cy="6" r="4"/></svg>median and interval
<svg width="24" height="12"><rect class="band" width="24" height="12"/></svg>the baseline against
itself
<svg width="12" height="12"><line class="bar" x1="6" x2="6" y1="0" y2="12"/></svg>the bar</p>"""


def render(doc):
    """The whole page."""
    sections = (
        section(workload, list(results), doc["quick"])
        for workload, results in groupby(doc["results"], lambda r: r["name"].split("/")[0])
    )
    conditions = escape("\n".join(render_conditions(doc)))
    title = escape(f"ccmem bench: {doc['group']}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head><body>\n<h1>{title}: {escape(summary(doc))}</h1>\n"
        f'<pre{" class=quick" if doc["quick"] else ""}>{conditions}</pre>\n{KEY}\n'
        + "\n".join(sections)
        + "\n</body></html>\n"
    )
