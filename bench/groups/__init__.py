# SPDX-License-Identifier: MIT
"""The groups of benchmarks. A group is a module with

SUMMARY                 one line
WORKLOADS, CONTESTANTS  the words that --workloads and --contestants take
USUAL_CONTESTANTS       those that take part when nothing is said
run(bench)              the results, as harness.result.evaluate makes them
VERSIONS                the packages whose versions belong into the document
other_versions()        optional: {name: version} of what is no package
soak(build, amount)     optional: a long run that looks for wrong figures; its exit status
"""

from harness.errors import USAGE, BenchError, unknown

from . import dashboard, heap, map, profiler, queue, region, smr

GROUPS = {
    "profiler": profiler,
    "heap": heap,
    "region": region,
    "smr": smr,
    "map": map,
    "queue": queue,
    "dashboard": dashboard,
}
PLANNED = ("replay", "messaging", "tables")


def find(name):
    """The module of a group, or why there is none."""
    if name in GROUPS:
        return GROUPS[name]
    if name in PLANNED:
        available = ", ".join(GROUPS)
        raise BenchError(USAGE, f"group '{name}'", f"has no benchmarks yet; available: {available}")
    raise unknown("group", name, [*GROUPS, *PLANNED, "compare", "list"])
