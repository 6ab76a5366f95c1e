# SPDX-License-Identifier: MIT
"""Group dashboard: what a reader waits for on the page of a large report (20,000 sites, 64 threads,
100,000 points of the timeline), in parts of what is allowed. Each sample is a browser of its own."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness import contest, micro
from harness.errors import MISSING, BenchError
from harness.result import Metric

SUMMARY = "what a reader of a large dashboard waits for"
CONTESTANTS = {}
USUAL_CONTESTANTS = ()
VERSIONS = ("chromium", "nodejs")
ROUNDS, QUICK_ROUNDS = 5, 1

TOOLS = ("node", "chromium")
SCRIPT = Path(__file__).parents[1] / "dashboard" / "page.mjs"
FIRST_VIEW_MS_MAX, ANSWER_MS_MAX = 1500, 100


def metrics(workload, figures):
    for figure in figures:
        allowed = FIRST_VIEW_MS_MAX if figure == "first-view" else ANSWER_MS_MAX
        yield Metric(
            f"{workload}/{figure}",
            figure,
            f"allowed: {allowed} ms",
            "ms",
            lambda r, figure=figure, allowed=allowed: (r[workload][figure], allowed),
            equal=None,
            bar={"max": 1.0},
        )


@dataclass(frozen=True)
class PageWorkload:
    name: str = "page"

    def results(self, bench):
        options = [str(path) for path in (SCRIPT, template(bench), bench.work)]
        rounds = contest.play(
            [self.name],
            lambda name: micro.figures(Path("node"), name, *options),
            bench.rounds(ROUNDS, QUICK_ROUNDS),
            bench.progress,
            self.name,
        )
        return bench.evaluate(metrics(self.name, rounds[0][self.name]), rounds)


WORKLOADS = {w.name: w for w in (PageWorkload(),)}


def template(bench):
    """The page without data."""
    path = bench.options.build / "web" / "dashboard.html"
    if not path.exists():
        raise BenchError(MISSING, str(path), "not there; './dev setup' and './dev build' make it")
    return path


def run(bench):
    """The results of the chosen workloads."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise BenchError(MISSING, ", ".join(missing), "not installed; './dev setup' installs it")
    return [entry for name in bench.workloads for entry in WORKLOADS[name].results(bench)]
