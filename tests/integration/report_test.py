# SPDX-License-Identifier: MIT
"""`ccmem report` as a command: what it takes, refuses and leaves behind."""
import json
import os
import pty
import subprocess

import pytest

from recording import CCMEM, PROGRAMS, environment, profile, run


@pytest.fixture(scope="module")
def trace(built_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    profile(folder, PROGRAMS / "truth_calls", "peak")
    return folder / "trace.ccm"


@pytest.fixture(scope="module")
def built_once():
    assert CCMEM.exists(), f"{CCMEM} does not exist: ./dev build"


def report(*arguments, **more):
    return run(CCMEM, "report", *arguments, **more)


def refused(done, status, message):
    assert (done.returncode, done.stderr, done.stdout) == (status, f"ccmem: {message}\n", "")


# --- what it writes and where ---

def test_text_is_the_default_and_plain_where_no_terminal_is(trace):
    done = report(trace)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == report(trace, "--format", "text").stdout
    assert "truth_calls peak" in done.stdout.splitlines()[0]
    assert "\033" not in done.stdout
    assert all(line == line.rstrip() for line in done.stdout.splitlines())
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_ascii_where_the_locale_is(trace):
    assert report(trace, env=environment(LC_ALL="C")).stdout.isascii()


def test_output_goes_to_a_file(trace, tmp_path):
    out = tmp_path / "out.json"
    done = report(trace, "--format", "json", "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(out.read_text())["schema"] == "ccmem-report/1"
    assert os.listdir(tmp_path) == ["out.json"]
    assert out.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_an_existing_file_is_replaced_only_with_f(trace, tmp_path):
    out = tmp_path / "out"
    out.write_text("mine")
    refused(report(trace, "-o", out), 4, f"report: {out}: exists already; -f replaces it")
    assert out.read_text() == "mine"
    assert report(trace, "-fo", out).returncode == 0
    assert out.read_text() == report(trace).stdout
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_stays_a_link(trace, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    assert report(trace, "-f", "-o", link).returncode == 0
    assert link.is_symlink() and target.read_text() != "old"


def test_a_failed_write_leaves_nothing(trace, tmp_path):
    shell = 'ulimit -f 1; trap "" XFSZ; exec "$0" report "$1" --format json -o "$2"'
    done = run("bash", "-c", shell, CCMEM, trace, tmp_path / "out")
    refused(done, 4, f"report: {tmp_path / 'out'}: File too large")
    assert os.listdir(tmp_path) == []


def test_devices_are_written_and_not_replaced(trace):
    assert report(trace, "-o", "/dev/null").returncode == 0
    refused(report(trace, "-o", "/dev/full"), 4, "report: /dev/full: No space left on device")
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null")


def test_a_full_or_closed_standard_output_is_a_failure(trace):
    with open("/dev/full", "w") as full:
        done = subprocess.run([CCMEM, "report", trace], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (4, "ccmem: report: standard output: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([CCMEM, "report", trace], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (4, "ccmem: report: standard output: Broken pipe\n")


@pytest.mark.parametrize("folder", ["", "missing/"])
def test_a_folder_or_none_is_no_output(trace, tmp_path, folder):
    out = f"{tmp_path}/{folder}{'out' if folder else ''}"
    why = "No such file or directory" if folder else "Is a directory"
    refused(report(trace, "-o", out), 4, f"report: {out}: {why}")


# --- on a terminal ---

def on_terminal(*command, **changes):
    """What the command writes to a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([str(c) for c in command], stdout=follower, stderr=follower,
                               env=environment(**{"TERM": "xterm", **changes}))
    os.close(follower)
    shown = b""
    try:
        while block := os.read(leader, 65536):
            shown += block
    except OSError: # the terminal's end, once nobody has it open
        pass
    os.close(leader)
    assert process.wait(30) == 0
    return shown.decode()


def test_colour_is_for_terminals_that_want_it(trace):
    assert "\033[1m" in on_terminal(CCMEM, "report", trace)
    assert "\033" not in on_terminal(CCMEM, "report", trace, NO_COLOR="1")
    assert "\033" not in on_terminal(CCMEM, "report", trace, TERM="dumb")


# --- what it does not take ---

@pytest.mark.parametrize("arguments, message", [
    ([], "report: FILE: missing; usage: ccmem report FILE [--format FORMAT] [-o OUT] "
         "[--from SECONDS] [--to SECONDS] [--top N]"),
    (["--formt", "json"], "report: --formt: no such option; --format is one"),
    (["--zzzzzz"], "report: --zzzzzz: no such option; see ccmem report --help"),
    (["-z"], "report: -z: no such option; see ccmem report --help"),
    (["--format"], "report: --format: needs FORMAT"),
    (["--quiet=1"], "report: --quiet: takes no value"),
    (["--top", "0"], "report: --top: '0': expected a whole number from 1 on"),
    (["--top", "-1"], "report: --top: '-1': expected a whole number from 1 on"),
    (["--top", "99999999999999999999"], "report: --top: '99999999999999999999': "
                                        "expected a whole number from 1 on"),
    (["--from", "soon"], "report: --from: 'soon': expected seconds such as 1.5"),
    (["--from", "-1"], "report: --from: '-1': expected seconds such as 1.5"),
    (["--to", "nan"], "report: --to: 'nan': expected seconds such as 1.5"),
])
def test_wrong_usage(arguments, message):
    refused(report(*arguments), 2, message)


def test_wrong_values(trace):
    refused(report(trace, "--format", "jsno"), 2, "report: --format jsno: no such format; json is one")
    refused(report(trace, "--from", "2", "--to", "1"), 2, "report: --to: not after --from")
    refused(report(trace, "--to", "0"), 2, "report: --to: not after --from")
    refused(report(trace, trace), 2, f"report: {trace}: one FILE too many; usage: ccmem report FILE "
            "[--format FORMAT] [-o OUT] [--from SECONDS] [--to SECONDS] [--top N]")
    late = report(trace, "--from", "1000")
    assert late.returncode == 2 and late.stderr.startswith("ccmem: report: --from: the trace ends before")


def test_missing_and_damaged_input(trace, tmp_path):
    refused(report(tmp_path / "none.ccm"), 3, f"report: {tmp_path}/none.ccm: No such file or directory")
    bad = tmp_path / "bad.ccm"
    bad.write_bytes(b"no trace" * 1000)
    done = report(bad)
    assert done.returncode == 3 and done.stderr.startswith(f"ccmem: report: {bad}: ")
    bad.write_bytes(trace.read_bytes()[:5000])
    assert report(bad).returncode in (0, 3)


def test_names_cannot_command_the_terminal(tmp_path):
    done = report(tmp_path / "a\033[31m\nb")
    assert done.returncode == 3 and "\033" not in done.stderr and done.stderr.count("\n") == 1


def test_help_and_version():
    done = report("--help")
    assert done.returncode == 0 and "usage: ccmem report FILE" in done.stdout and "--top N" in done.stdout
    assert report("-h").stdout == done.stdout
    assert run(CCMEM, "--version").stdout.startswith("ccmem ")
    assert "report" in run(CCMEM, "--help").stdout
    nothing = run(CCMEM)
    assert nothing.returncode == 2 and "usage: ccmem COMMAND" in nothing.stderr
    refused(run(CCMEM, "reprot"), 2, "reprot: no such command; report is one")
    refused(run(CCMEM, "xyzzyx"), 2, "xyzzyx: no such command; see ccmem --help")
    refused(run(CCMEM, "--verbose"), 2, "--verbose: no such option; see ccmem --help")


# --- what it chooses ---

def test_options_stand_anywhere(trace):
    plain = report(trace, "--top", "2").stdout
    assert report("--top=2", trace).stdout == plain
    assert report("--top", "2", "--", trace).stdout == plain


def test_top_limits_the_sites(trace):
    everything = json.loads(report(trace, "--format", "json").stdout)
    some = json.loads(report(trace, "--format", "json", "--top", "1").stdout)
    assert 1 <= len(some["sites"]) <= 3 < len(everything["sites"]) == some["site_count"]
    assert max(everything["sites"], key=lambda s: s["bytes_at_peak"]) in some["sites"]


def test_a_range_and_the_rest_make_the_whole(trace):
    whole = json.loads(report(trace, "--format", "json").stdout)
    cut = f"{whole['duration_seconds'] / 2:.9f}"
    first = json.loads(report(trace, "--format", "json", "--to", cut).stdout)
    second = json.loads(report(trace, "--format", "json", "--from", cut).stdout)
    for figure in ("alloc_count", "free_count", "alloc_bytes", "free_bytes", "realloc_count"):
        assert first[figure] + second[figure] == whole[figure], figure
    assert second["current_allocated"] == whole["current_allocated"]
    assert max(first["peak_allocated"], second["peak_allocated"]) == whole["peak_allocated"]


def test_counts_have_no_ranges(tmp_path):
    _, counted = profile(tmp_path, PROGRAMS / "truth_calls", "peak", options=["--mode", "count"])
    assert counted.peak_allocated is None
    refused(report(tmp_path / "trace.ccm", "--from", "1"), 2,
            f"report: {tmp_path}/trace.ccm: recorded with --mode count: "
            "--from and --to have no events to choose from")
