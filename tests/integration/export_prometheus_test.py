# SPDX-License-Identifier: MIT
"""--format prometheus: what its own tool accepts, of exact figures only."""
import re
import subprocess

import pytest

from exporting import export, record_all

COUNTED = {"cc_memory_alloc_total": "alloc_count", "cc_memory_free_total": "free_count",
           "cc_memory_alloc_bytes_total": "alloc_bytes"}
OF_BLOCKS = {"cc_memory_free_bytes_total": "free_bytes",
             "cc_memory_current_bytes": "current_allocated",
             "cc_memory_peak_bytes": "peak_allocated",
             "cc_memory_cross_thread_free_total": "cross_thread_free_count"}


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    return record_all(tmp_path_factory.mktemp("traces"))


def samples_of(text):
    return {name: float(value)
            for name, value in re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE)}


def samples(text):
    """{name: value} of counters and gauges; each with its HELP and TYPE, and there once."""
    found = {}
    for name, value in re.findall(r"^(?!cc_memory_alloc_latency)(\w+) (\S+)$", text, re.MULTILINE):
        assert re.search(rf"^# HELP {name} \S.*\n# TYPE {name} (counter|gauge)\n{name} ", text,
                         re.MULTILINE), name
        assert name not in found
        found[name] = float(value)
    return found


@pytest.mark.parametrize("mode", ["full", "sample", "count"])
def test_promtool_has_nothing_to_say(traces, mode):
    text = export(traces[mode][0], "prometheus")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_figures_are_those_of_json(traces):
    trace, report = traces["full"]
    found = samples(export(trace, "prometheus").decode())
    for name, field in (COUNTED | OF_BLOCKS).items():
        assert found[name] == getattr(report, field), name
    assert found["cc_memory_cross_thread_free_total"] > 0
    assert found["cc_memory_cross_thread_free_ratio"] == \
        pytest.approx(report.cross_thread_free_pct / 100, rel=1e-9)


@pytest.mark.parametrize("mode", ["sample", "count"])
def test_what_is_estimated_or_unknown_is_left_out(traces, mode):
    trace, report = traces[mode]
    found = samples(export(trace, "prometheus").decode())
    assert set(COUNTED) <= set(found)
    assert not set(OF_BLOCKS) & set(found)
    for name, field in COUNTED.items():
        assert found[name] == getattr(report, field)


@pytest.mark.parametrize("mode", ["full", "sample"])
def test_the_latency_is_a_histogram_of_what_was_measured(traces, mode):
    """Cumulated, complete, and as JSON's own buckets have it."""
    trace, report = traces[mode]
    text = export(trace, "prometheus").decode()
    name = "cc_memory_alloc_latency"
    buckets = [(float(le), int(n)) for le, n in
               re.findall(rf'^{name}_bucket{{le="(\S+)"}} (\d+)$', text, re.MULTILINE)]
    limits, counts = zip(*buckets)
    assert list(limits) == sorted(limits) and limits[-1] == float("inf")
    assert list(counts) == sorted(counts) and counts[-1] == report.alloc_latency_samples > 0
    found = samples_of(text)
    assert found[f"{name}_count"] == report.alloc_latency_samples
    assert found[f"{name}_sum"] / found[f"{name}_count"] == \
        pytest.approx(report.alloc_latency_mean, rel=1e-9)
    for limit, count in buckets[:-1]:
        assert count == sum(n for end, n in report.latency["alloc"]
                            if end is not None and end <= limit)


def test_fragmentation_is_told_with_its_method(traces):
    trace, report = traces["full"]
    found = samples(export(trace, "prometheus").decode())
    known = report.fragmentation
    assert known["method_internal"]
    assert found["cc_memory_fragmentation_internal"] == \
        pytest.approx(known["internal_fragmentation"], rel=1e-9)
    assert ("cc_memory_fragmentation_external" in found) == \
        (known["method_external"] not in (None, "resident pages"))


def test_nobody_measures_where_calls_are_counted(traces):
    assert "latency" not in export(traces["count"][0], "prometheus").decode()


def test_a_range_of_a_sample_has_nothing_exact(traces):
    trace, report = traces["sample"]
    text = export(trace, "prometheus", "--from", f"{report.duration_seconds / 2:.9f}").decode()
    assert not (set(COUNTED) | set(OF_BLOCKS)) & set(samples(text))
