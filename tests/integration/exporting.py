# SPDX-License-Identifier: MIT
"""Recorded programs in every mode, and what each format makes of them. For export_*_test.py."""
import pathlib

from recording import CCMEM, PROGRAMS, profile, report_of, run

SAMPLE = ("--mode", "sample", "--interval", "1k")
COUNT = ("--mode", "count")


def record(folder, *command, options=(), name="trace"):
    """A trace, and its JSON report."""
    _, report = profile(folder, *command, options=options, name=name)
    return pathlib.Path(folder) / f"{name}.ccm", report


def record_all(folder):
    """{mode: (trace, report)} of threads that exchange blocks; "places": of one thread that calls
    from inlined functions, and leaves blocks."""
    threads = (PROGRAMS / "truth_threads", "exchange", 4, 2000)
    return {"full": record(folder, *threads, name="full"),
            "sample": record(folder, *threads, options=SAMPLE, name="sample"),
            "count": record(folder, *threads, options=COUNT, name="count"),
            "places": record(folder, PROGRAMS / "truth_places", name="places")}


def export(trace, form, *options):
    """The bytes of the format on standard output."""
    done = run(CCMEM, "report", trace, "--format", form, "-q", *options, text=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return done.stdout


def refused(done, status, message):
    assert (done.returncode, done.stderr, done.stdout) == (status, f"ccmem: report: {message}\n", "")
