# SPDX-License-Identifier: MIT
"""What a report says of programs whose allocations are known exactly: by hand, or because the
program keeps a ledger of its own and says it. Nothing here is approximate."""
import json

import pytest

import recording
from recording import MODES, total

SIZES = [0, 1, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 500, 1024, 1025, 65536, 100000, 1 << 20]


def bucket(size):
    """The name of a size's bucket."""
    if size == 0:
        return "0"
    hi = 8
    while hi < size:
        hi *= 2
    return "1-8" if hi == 8 else f"{hi // 2 + 1}-{hi}"


def sums_by_function(report, *figures):
    """A function may be called from several places, which are as many sites."""
    sums = {}
    for site in report.sites:
        name = site.functions[0]
        sums[name] = tuple(a + getattr(site, f)
                           for a, f in zip(sums.get(name, (0,) * len(figures)), figures))
    return sums


@pytest.fixture
def calls(profile, program):
    """A scenario of truth_calls: what it said, and its report."""
    def record(scenario, *options):
        done, report = profile(program("truth_calls"), scenario, options=options)
        return done.stdout, report
    return record


@pytest.mark.parametrize("mode", MODES)
def test_counts_and_bytes_by_size(calls, mode):
    _, report = calls("sizes", "--mode", mode)
    expected = {}
    for i, size in enumerate(SIZES):
        expected[bucket(size)] = expected.get(bucket(size), 0) + i + 1
    found = {k: v for k, v in report.size_histogram["buckets"].items() if v}
    count = sum(range(1, len(SIZES) + 1))
    assert found == expected
    assert report.alloc_count == report.free_count == count
    assert report.size_histogram["total_count"] == count
    assert report.alloc_bytes == sum((i + 1) * s for i, s in enumerate(SIZES))
    assert report.lost_events == 0


def test_the_most_frequent_sizes(calls):
    _, report = calls("sizes")
    hot = [(h["size"], h["count"]) for h in report.size_histogram["hot_sizes"]]
    assert hot[:5] == [("524289-1048576", 18), ("65537-131072", 17), ("32769-65536", 16),
                       ("1025", 15), ("1024", 14)]


def test_sites_know_their_sizes(calls):
    _, report = calls("sizes")
    sizes = report.site("sizes").sizes
    assert sizes == {"min": 0, "max": 1 << 20, "distinct": 17, "distinct_is_more": True}


def test_the_peak_and_who_held_it(calls):
    _, report = calls("peak")
    assert report.peak_allocated == 600000
    assert report.current_allocated == 0
    assert sums_by_function(report, "bytes_at_peak", "peak_bytes", "live_bytes") == {
        "hold_early": (100000, 300000, 0), "hold_at_peak": (500000, 500000, 0),
        "hold_late": (0, 400000, 0)}


def test_every_leak_with_its_address(calls):
    said, report = calls("leaks")
    expected = {(p, int(size)) for p, size in (line.split() for line in said.splitlines())}
    found = {(leak["ptr"], leak["size"]) for leak in report.leaked_allocations}
    assert found == expected
    assert report.leaked_count == len(expected) == 22
    assert report.leaked_bytes == sum(size for _, size in expected) == report.current_allocated


def test_leaks_by_site(calls):
    _, report = calls("leaks")
    some = sum(100 + i for i in range(0, 40, 4))
    sums = sums_by_function(report, "leaked_count", "leaked_bytes", "alloc_count", "free_count")
    assert sums == {"leak_small": (10, 240, 10, 0), "leak_large": (2, 30000, 2, 0),
                    "leak_some": (10, some, 40, 30)}
    assert {leak["stack_trace"][0].split()[0] for leak in report.leaked_allocations} == {
        "leak_small", "leak_large", "leak_some"}


def test_temporary_is_freed_by_the_next_call(calls):
    _, report = calls("temporary")
    assert report.temporary_count == 1000
    assert {s.functions[0]: s.temporary_count for s in report.sites if s.temporary_count} == {
        "freed_at_once": 1000}
    assert report.alloc_count == report.free_count == 3000


def test_reallocs_in_place_moved_refused_and_to_nothing(calls):
    said, report = calls("reallocs")
    truth = json.loads(said)
    grow = [s for s in report.sites if s.functions[0] == "grow"]
    assert truth["refused"] and 0 < truth["moved"] < truth["calls"]
    assert report.realloc_count == total(grow, "realloc_count") == truth["calls"]
    assert report.realloc_moved_count == total(grow, "realloc_moved_count") == truth["moved"]
    # The first is an allocation only, the last a free only; a refused one is neither.
    assert total(grow, "alloc_count") == total(grow, "free_count") == truth["calls"] + 1
    assert report.leaked_bytes == sum(range(5000, 100001, 5000))
    grown, shrunk = sum(range(100, 100001, 100)), sum(range(10000, 90001, 10000))
    assert report.alloc_bytes == 10 + grown + shrunk + report.leaked_bytes


@pytest.mark.parametrize("mode", ("sample", "count"))
def test_reallocs_in_other_modes(calls, mode):
    said, report = calls("reallocs", "--mode", mode)
    count = json.loads(said)["calls"] + 1
    assert (report.alloc_count, report.free_count) == (count + 20, count)


@pytest.mark.parametrize("mode", MODES)
def test_the_whole_family(calls, mode):
    _, report = calls("family", "--mode", mode)
    assert report.alloc_count == report.free_count == 10
    assert report.alloc_bytes == 7 * 1000 + 1024 + 10 + 5
    if mode == "full":
        assert (report.calloc_count, report.aligned_count, report.realloc_count) == (1, 4, 0)
        assert report.current_allocated == 0
        assert sorted(s.functions[1] for s in report.through("strdup") + report.through("strndup")
                      ) == ["family", "family"]


def test_what_only_libc_has(calls):
    _, report = calls("obsolete")
    assert (report.alloc_count, report.free_count, report.aligned_count) == (1, 1, 1)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_refused_is_not_counted(calls, mode):
    _, report = calls("refused", "--mode", mode)
    assert (report.alloc_count, report.alloc_bytes, report.free_count) == (1, 10, 1)


# ---- C++


def called_from(report, function):
    """The sites on whose way from main is this function."""
    return [s for s in report.sites if any(f and f.endswith(function) for f in s.functions)]


def test_every_operator_of_cpp(profile, program):
    _, report = profile(program("truth_cpp"), "operators")
    found = [(s.sizes["min"], s.sizes["max"], s.alloc_count, s.free_count, s.live_count)
             for s in called_from(report, "::operators()")]
    # libstdc++ asks for a multiple of the alignment.
    sizes = [101, 102, 103, 104, 105, 106] + 6 * [128]
    assert sorted(found) == [(size, size, 100, 100, 0) for size in sizes]


def test_aligned_operators_are_seen_as_aligned(profile, program):
    _, report = profile(program("truth_cpp"), "operators")
    assert report.aligned_count == 600 + 100  # six operators, and `new Aligned`


def test_what_cpp_expressions_allocate(profile, program):
    _, report = profile(program("truth_cpp"), "operators")
    assert sorted((s.sizes["max"], s.alloc_count, s.live_count)
                  for s in called_from(report, "::expressions()")) == [
        (4, 100, 0), (24, 100, 0), (48, 100, 0), (128, 100, 0), (400, 100, 0)]


def test_what_cpp_allocates_on_its_own(profile, program):
    _, report = profile(program("truth_cpp"), "operators")
    known = called_from(report, "::operators()") + called_from(report, "::expressions()")
    rest = [s for s in report.sites if s not in known]
    assert [(s.alloc_count, s.alloc_bytes, s.passes("main")) for s in rest] == [
        (1, 72704, False)]  # libstdc++'s reserve for exceptions, when it is loaded
    assert report.temporary_count == report.alloc_count - 1 - 100  # the vector's own block


@pytest.mark.parametrize("mode", MODES)
def test_operators_that_fail(profile, program, mode):
    """Two blocks, both std::bad_alloc, of which one is caught by the operator itself."""
    _, report = profile(program("truth_cpp"), "refused", options=["--mode", mode])
    assert (report.alloc_count, report.free_count) == (3, 2)
    if mode == "full":
        found = called_from(report, "::refused()")
        assert [(s.alloc_count, s.live_count) for s in found] == [(1, 0), (1, 0)]


# ---- threads


def by_thread(report):
    return {t["thread_id"]: t for t in report.thread_stats}


@pytest.mark.parametrize("threads, rounds", [(1, 20000), (2, 20000), (4, 5000), (16, 2000)])
def test_threads_and_the_frees_between_them(profile, program, threads, rounds):
    done, report = profile(program("truth_threads"), "exchange", threads, rounds)
    ledgers = json.loads(done.stdout)
    # libc allocates one block a thread that is created, and keeps it with the thread's stack.
    libc = report.through("dl_allocate_tls")
    extra = {f: total(libc, f) for f in ("alloc_count", "alloc_bytes", "free_count")}
    found = by_thread(report)
    assert extra["alloc_count"] == threads - 1
    assert len(found) == threads and report.lost_events == 0
    for i, ledger in enumerate(ledgers):
        t = found[ledger["tid"]]
        creates = extra if i == 0 else dict.fromkeys(extra, 0)
        assert t["alloc_count"] == ledger["allocs"] + creates["alloc_count"]
        assert t["alloc_bytes"] == ledger["bytes"] + creates["alloc_bytes"]
        assert t["free_count"] == ledger["frees"] + creates["free_count"]
        assert t["cross_thread_frees_sent"] == ledger["sent"]
        assert t["cross_thread_frees_received"] == ledger["received"]
    assert report.cross_thread_free_count == sum(l["received"] for l in ledgers)
    assert report.unmatched_free_count == report.implied_free_count == 0
    assert report.current_allocated == total(libc, "live_bytes")


@pytest.mark.parametrize("mode", ("sample", "count"))
def test_threads_in_other_modes(profile, program, mode):
    done, report = profile(program("truth_threads"), "exchange", 4, 20000,
                           options=["--mode", mode])
    ledgers = json.loads(done.stdout)
    found = by_thread(report)
    for ledger in ledgers[1:]:
        t = found[ledger["tid"]]
        assert (t["alloc_count"], t["free_count"], t["alloc_bytes"]) == (
            ledger["allocs"], ledger["frees"], ledger["bytes"])
    assert report.alloc_count == sum(l["allocs"] for l in ledgers) + 3
    assert report.free_count == report.alloc_count - 3


@pytest.mark.parametrize("mode", MODES)
def test_a_thousand_short_threads(profile, program, mode):
    _, report = profile(program("truth_threads"), "short", 1000, options=["--mode", mode])
    # Eight threads at once, whose stacks libc uses again: one block of its own each.
    mine, *rest = report.thread_stats
    assert len(rest) == 1000 and len({t["thread_id"] for t in report.thread_stats}) == 1001
    assert {(t["alloc_count"], t["alloc_bytes"], t["free_count"]) for t in rest} == {(3, 150, 2)}
    assert (mine["alloc_count"], mine["free_count"]) == (8, 1000)
    assert report.lost_events == 0
    if mode == "full":
        assert {t["cross_thread_frees_sent"] for t in rest} == {1}
        assert report.cross_thread_free_count == mine["cross_thread_frees_received"] == 1000
        assert report.temporary_count == 2000
        assert total(report.through("dl_allocate_tls"), "live_count") == 8
        assert (report.leaked_count, report.suppressed_count) == (0, 8)  # those are the loader's


# Only a newer libc has these; where the recorder is there, so are they.
NEWER = """
#include <stdlib.h>
extern void free_sized(void *ptr, size_t size) __attribute__((weak));
extern void free_aligned_sized(void *ptr, size_t align, size_t size) __attribute__((weak));
int main(void)
{
    for (int i = 0; i < 1000; i++) {
        void *volatile p = malloc(33), *volatile q = aligned_alloc(64, 128);
        free_sized(p, 33);
        free_aligned_sized(q, 64, 128);
    }
}
"""


@pytest.mark.parametrize("mode", MODES)
def test_frees_that_say_the_size(profile, tmp_path, mode):
    (tmp_path / "newer.c").write_text(NEWER)
    program = recording.compile_program(tmp_path, tmp_path / "newer.c", "-O1")
    _, report = profile(program, options=("--mode", mode))
    assert (report.alloc_count, report.free_count) == (2000, 2000)
    assert mode != "full" or (report.unmatched_free_count, report.leaked_bytes) == (0, 0)
