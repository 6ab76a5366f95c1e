# SPDX-License-Identifier: MIT
"""How long calls take, with an allocator that takes a known time at least.

A machine that is busy makes calls longer, never shorter: the tests ask for lower bounds, and for how
many calls were measured."""
import signal

import pytest

from recording import CCMEM, PROGRAMS, environment, report_of, run

MALLOC_NS, FREE_NS, PAIRS = 2000, 1000, 20000
QUANTILES = [f"{kind}_latency_{q}" for kind in ("alloc", "free")
             for q in ("p50", "p95", "p99", "p999")]
ERROR = 1 + 1 / 64 + 0.01  # of the histogram, and of the clock's rate


def counted(report, kind, least_ns=0.0):
    """How many measured calls took so long at least, to the exactness of the histogram. The last
    bucket has no end."""
    return sum(n for limit, n in getattr(report, "latency")[kind]
               if limit is None or limit >= least_ns)


@pytest.fixture(scope="module", params=["full", "sample"])
def slow(built, tmp_path_factory, request):
    """The report of a program of one more thread under the slow allocator. The seed decides which calls
    are measured: of the main thread's few, none that the allocator does not slow down."""
    trace = tmp_path_factory.mktemp("slow") / "trace.ccm"
    done = run(CCMEM, "profile", "-q", "-o", trace, "--mode", request.param, "--",
               PROGRAMS / "truth_latency", 1, PAIRS,
               env=environment(LD_PRELOAD=PROGRAMS / "libslow_alloc.so", CCMEM_SEED=1,
                               SLOW_MALLOC_NS=MALLOC_NS, SLOW_FREE_NS=FREE_NS))
    assert done.returncode == 0, done.stderr
    return report_of(trace)


def test_one_call_in_64_is_measured(slow):
    samples = slow.alloc_latency_samples + slow.free_latency_samples
    assert slow.latency_sampled_every == 64
    assert abs(samples - 2 * PAIRS / 64) <= 40
    # Stretches of 16 begin at a malloc or at a free as chance has it.
    assert abs(slow.alloc_latency_samples - samples / 2) <= 32


def test_percentiles_are_those_of_the_allocator(slow):
    """Nine mallocs of ten take one time, the tenth ten times that."""
    assert slow.alloc_latency_p50 * ERROR >= MALLOC_NS
    assert slow.alloc_latency_p95 * ERROR >= 10 * MALLOC_NS
    assert slow.alloc_latency_p99 >= slow.alloc_latency_p95 >= slow.alloc_latency_p50
    assert slow.alloc_latency_p999 >= slow.alloc_latency_p99
    assert slow.free_latency_p50 * ERROR >= FREE_NS
    assert slow.alloc_latency_mean * ERROR >= 1.5 * MALLOC_NS
    assert slow.latency_timer_ns < FREE_NS


def test_the_histogram_is_the_same_calls(slow):
    assert counted(slow, "alloc") == slow.alloc_latency_samples
    assert counted(slow, "free") == slow.free_latency_samples
    assert counted(slow, "alloc", MALLOC_NS) == slow.alloc_latency_samples
    share = counted(slow, "alloc", 10 * MALLOC_NS) / slow.alloc_latency_samples
    assert share >= 0.05  # a tenth, by chance
    limits = [limit for limit, _ in slow.latency["alloc"] if limit is not None]
    assert limits == sorted(limits)


def test_threads_have_their_own(slow):
    main, other = slow.thread_stats
    assert all(main[q] is None or main[q] * ERROR >= FREE_NS for q in QUANTILES)
    assert other["alloc_latency_p50"] * ERROR >= MALLOC_NS
    assert other["free_latency_p50"] * ERROR >= FREE_NS


def test_a_foreign_usable_size_is_not_asked(slow):
    """The stand-in allocator has none, and libc's would be another one's."""
    assert slow.fragmentation["method_internal"] is None


def test_count_mode_measures_nothing(profile):
    _, report = profile(PROGRAMS / "truth_latency", 1, 1000, options=["--mode", "count"])
    assert report.alloc_latency_samples is None and report.latency == {"alloc": [], "free": []}
    assert all(getattr(report, q) is None for q in QUANTILES)


@pytest.mark.parametrize("every", [1, 7, 1000])
def test_the_share_of_calls_can_be_chosen(profile, every):
    _, report = profile(PROGRAMS / "truth_latency", 1, 20000,
                        changes=dict(CCMEM_MEASURE=every))
    calls = report.alloc_count + report.free_count
    samples = report.alloc_latency_samples + report.free_latency_samples
    assert report.latency_sampled_every == every
    assert abs(samples - calls / every) <= 4 + 0.05 * calls / every


def test_measuring_can_be_left_out(profile):
    _, report = profile(PROGRAMS / "truth_latency", 1, 1000, changes=dict(CCMEM_MEASURE=0))
    assert report.alloc_latency_samples is None


@pytest.mark.parametrize("value", ["x", "-1", 1 << 31])
def test_a_share_that_is_none(built, tmp_path, value):
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", "true",
               env=environment(CCMEM_MEASURE=value))
    assert f"ccmem: record: CCMEM_MEASURE={value}: must be" in done.stderr


def test_64_threads_measure_each_for_itself(profile):
    _, report = profile(PROGRAMS / "truth_latency", 64, 2000, options=["--mode", "sample"])
    assert sum(t["alloc_latency_p50"] is not None for t in report.thread_stats) >= 60
    samples = report.alloc_latency_samples + report.free_latency_samples
    assert abs(samples - 2 * 64 * 2000 / 64) <= 400


def test_a_range_has_the_measures_that_begin_in_it(profile, tmp_path):
    """A record of them lasts half a second at least: a run that is shorter has one."""
    _, whole = profile(PROGRAMS / "truth_latency", 1, 20000)
    trace, middle = tmp_path / "trace.ccm", whole.duration_seconds / 2
    first, second = report_of(trace, "--to", middle), report_of(trace, "--from", middle)
    assert (first.alloc_latency_samples or 0) + (second.alloc_latency_samples or 0) == \
        whole.alloc_latency_samples > 0


def test_what_was_measured_survives_a_kill(built, tmp_path):
    """The program kills itself; nothing of it runs afterwards."""
    trace = tmp_path / "trace.ccm"
    done = run(CCMEM, "profile", "-q", "-o", trace, "--", "/usr/bin/python3", "-c",
               "import os, signal\nx = [bytes(600 + i) for i in range(50000)]\n"
               "os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == 128 + signal.SIGKILL, done.stderr
    report = report_of(trace)
    samples = report.alloc_latency_samples + report.free_latency_samples
    calls = report.alloc_count + report.free_count
    assert calls > 50000 and abs(samples - calls / 64) <= 0.1 * calls / 64
