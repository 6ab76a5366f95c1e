# SPDX-License-Identifier: MIT
"""What `--mode sample` estimates, over a hundred seeds of a program that is known site by site.

A seed decides which allocations are samples, so every run here is the same each time."""
import json
import math

import pytest

from recording import CCMEM, PROGRAMS, environment, profile as record, run, total

SEEDS = range(1, 101)
INTERVAL = 1024


def site_number(site):
    return int(site.functions[0].split("_")[1])


@pytest.fixture(scope="module")
def runs(built, tmp_path_factory):
    """The truth, one (size, count, kept) a site, and the reports of all seeds."""
    folder, reports = tmp_path_factory.mktemp("seeds"), []
    for seed in SEEDS:
        done, report = record(folder, PROGRAMS / "truth_sample",
                              options=["--mode", "sample", "--interval", INTERVAL],
                              changes=dict(CCMEM_SEED=seed))
        reports.append(report)
    return json.loads(done.stdout), reports


def sigma(blocks):
    """The standard deviation of the estimated sum of y over blocks (size, number of them, y):
    each is in the sample with p = 1 - exp(-size / interval), and counts y / p if it is."""
    variance = 0
    for size, count, y in blocks:
        p = -math.expm1(-size / INTERVAL)
        variance += count * y * y * (1 - p) / p
    return math.sqrt(variance)


def check_estimates(estimates, truth, deviation, rounding=0.0):
    """A hundred estimates: right on average, and no further off than chance allows."""
    mean = sum(estimates) / len(estimates)
    within = sum(abs(e - truth) <= 3 * deviation + rounding for e in estimates)
    assert abs(mean - truth) <= 3 * deviation / math.sqrt(len(estimates)) + rounding
    assert within >= len(estimates) - 2  # of a hundred, 0.3 are expected outside
    if rounding < deviation / 10:
        spread = math.sqrt(sum((e - truth) ** 2 for e in estimates) / len(estimates))
        assert 0.8 <= spread / deviation <= 1.2


def test_what_is_counted_is_exact(runs):
    truth, reports = runs
    count = sum(n for _, n, _ in truth)
    freed = count - sum(kept for _, _, kept in truth)
    size = sum(s * n for s, n, _ in truth)
    assert {(r.alloc_count, r.free_count, r.alloc_bytes) for r in reports} == {(count, freed, size)}
    assert {r.size_histogram["total_count"] for r in reports} == {count}
    assert {r.lost_events for r in reports} == {0}


def test_the_same_seed_gives_the_same_samples(runs, tmp_path):
    _, reports = runs
    _, again = record(tmp_path, PROGRAMS / "truth_sample",
                      options=["--mode", "sample", "--interval", INTERVAL],
                      changes=dict(CCMEM_SEED=SEEDS[0]))

    def shape(report):
        return sorted((s.functions[0], s.alloc_count, s.alloc_bytes_ci) for s in report.sites)
    assert shape(again) == shape(reports[0]) != shape(reports[1])


def test_bytes_that_live_at_the_end(runs):
    truth, reports = runs
    alive = sum(s * kept for s, _, kept in truth)
    check_estimates([r.current_allocated for r in reports], alive,
                    sigma([(s, kept, s) for s, _, kept in truth]))


def test_bytes_freed(runs):
    """All allocated bytes are known, so only those alive are uncertain."""
    truth, reports = runs
    freed = sum(s * (n - kept) for s, n, kept in truth)
    check_estimates([r.free_bytes for r in reports], freed,
                    sigma([(s, kept, s) for s, _, kept in truth]))


@pytest.mark.parametrize("number", range(24))
def test_each_site(runs, number):
    truth, reports = runs
    size, count, _ = truth[number]
    mine = [s for r in reports for s in r.sites if site_number(s) == number]
    assert len(mine) == len(reports)
    if sigma([(size, count, 1)]) < 0.5:  # all but surely all of them are samples
        assert {s.alloc_count for s in mine} == {count}
        return
    check_estimates([s.alloc_count for s in mine], count, sigma([(size, count, 1)]),
                    rounding=0.5)
    check_estimates([s.alloc_bytes for s in mine], size * count, sigma([(size, count, size)]))


@pytest.mark.parametrize("figure, value", [
    ("alloc_count", lambda size, count, kept: count),
    ("alloc_bytes", lambda size, count, kept: size * count),
    ("live_bytes", lambda size, count, kept: size * kept)])
def test_intervals_cover_the_truth_as_often_as_they_say(runs, figure, value):
    """Where nearly every block is a sample, or none lives, an interval cannot fail: those are left
    out. A site that was never sampled has no interval, and would count as not covered."""
    truth, reports = runs
    pairs = hits = 0
    for number, known in enumerate(truth):
        size, blocks = known[0], known[2] if figure == "live_bytes" else known[1]
        if sigma([(size, blocks, 1)]) < 1.5:
            continue
        exact = value(*known)
        for report in reports:
            (site,) = [s for s in report.sites if site_number(s) == number]
            low, high = getattr(site, f"{figure}_ci")
            pairs += 1
            hits += low <= exact <= high
    assert pairs >= 800
    assert 0.93 <= hits / pairs <= 0.97, (hits, pairs)


@pytest.mark.parametrize("figure, value", [
    ("free_bytes", lambda size, count, kept: size * (count - kept)),
    ("current_allocated", lambda size, count, kept: size * kept),
    ("leaked_bytes", lambda size, count, kept: size * kept)])
def test_intervals_of_the_program(runs, figure, value):
    truth, reports = runs
    exact = sum(value(*known) for known in truth)
    hits = sum(low <= exact <= high for low, high in
               (getattr(r, f"{figure}_ci") for r in reports))
    assert 89 <= hits <= 100  # 95 expected; 2.7 deviations either way


def test_an_interval_of_one_byte_samples_all(built, tmp_path):
    """More of them than one chunk of the trace holds: what is counted goes on in the next."""
    done, report = record(tmp_path, PROGRAMS / "truth_sample",
                          options=["--mode", "sample", "--interval", 1])
    assert {site_number(s): (s.alloc_count, s.live_bytes) for s in report.sites} == {
        i: (n, s * kept) for i, (s, n, kept) in enumerate(json.loads(done.stdout))}
    assert report.trace["raw_bytes"] > 131072
    assert report.alloc_count == total(report.sites, "alloc_count")
    assert report.free_count == total(report.sites, "free_count")
    assert report.alloc_bytes == total(report.sites, "alloc_bytes")


def test_without_a_seed_the_samples_differ(built, tmp_path):
    shapes = set()
    for _ in range(2):
        _, report = record(tmp_path, PROGRAMS / "truth_sample",
                           options=["--mode", "sample", "--interval", INTERVAL])
        shapes.add(tuple(sorted((s.functions[0], s.alloc_count) for s in report.sites)))
    assert len(shapes) == 2


@pytest.mark.parametrize("name, value", [("CCMEM_SEED", "x"), ("CCMEM_SEED", "-1")])
def test_a_seed_that_is_none(built, tmp_path, name, value):
    done = run(CCMEM, "profile", "-q", "--mode", "sample", "-o", tmp_path / "t.ccm", "--",
               PROGRAMS / "truth_sample", env=environment(**{name: value}))
    assert done.returncode == 0
    assert done.stderr.startswith(
        f"ccmem: record: {name}={value}: must be a number; nothing is recorded\n")
