# SPDX-License-Identifier: MIT
"""When something ends that should not have: the collector, the disk, shared memory, the terminal's
patience. The program goes on to its own end, and what is known is said in one line."""
import contextlib
import os
import pathlib
import signal
import subprocess

import pytest

from recording import CCMEM, PRELOAD, TIMEOUT, environment, report_of, run

pytestmark = pytest.mark.timeout(60)  # a process that waits for ever is a failure too

MUCH = 200000
COMPLAINT = "; recording ended, the program goes on\n"


def accept_signals():
    """Whoever runs the tests in the background may ignore some, and programs inherit that."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def started(*command, **more):
    """A running process with pipes, in a process group of its own; none of it stays."""
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True, env=environment(),
                               preexec_fn=accept_signals, **more)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def spools_of(pid):
    """The directories of this collector; others may be at work too."""
    found = []
    for control in pathlib.Path("/dev/shm").glob("ccmem-spool-*/control"):
        with contextlib.suppress(FileNotFoundError):
            if control.read_bytes()[4:8] == pid.to_bytes(4, "little"):
                found.append(control.parent)
    return found


@pytest.fixture
def truth(program):
    return program("truth_process")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


# ---- the collector is no more


def test_the_collector_is_killed(built, truth, tmp_path):
    trace = tmp_path / "t.ccm"
    with started(CCMEM, "profile", "-o", trace, "--", truth, "goes_on") as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()  # now the program does more than there is room for
        assert process.stdout.read() == "done\n"
        assert process.stderr.read().endswith(f": Broken pipe{COMPLAINT}")
    report = report_of(trace)
    kept = [s.alloc_count for s in report.sites if s.functions[0] == "keep"]
    assert report.alloc_count <= MUCH + 1 and kept == [1] * (report.alloc_count > 0)
    assert report.program["exit_status"] is None
    assert len(spools_of(process.pid)) <= 1  # a killed collector leaves it behind, to the next one
    assert run(CCMEM, "profile", "-q", "-o", tmp_path / "next.ccm", "--", truth,
               "ends_quietly").returncode == 6
    assert spools_of(process.pid) == []


# ---- signals


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGQUIT))
def test_an_interrupt_at_the_terminal_ends_the_program_only(built, truth, tmp_path, number):
    """It goes to all of the group: the collector stays to store what the program did."""
    trace = tmp_path / "t.ccm"
    with started(CCMEM, "profile", "-q", "-o", trace, "--", truth, "waits") as process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, number)
        assert process.wait(TIMEOUT) == 128 + number
        assert process.stderr.read() == ""
    report = report_of(trace)
    assert (report.alloc_count, report.free_count, report.leaked_bytes) == (MUCH + 1, MUCH, 88)
    assert report.program["signal"] == number


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGHUP))
def test_what_is_sent_to_the_collector_is_passed_on(built, truth, tmp_path, number):
    trace = tmp_path / "t.ccm"
    with started(CCMEM, "profile", "-q", "-o", trace, "--", truth, "waits") as process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, number)
        assert process.wait(TIMEOUT) == 128 + number
    assert report_of(trace).alloc_count == MUCH + 1


def test_the_program_alone_is_killed(built, truth, tmp_path):
    trace = tmp_path / "t.ccm"
    with started(CCMEM, "profile", "-q", "-o", trace, "--", truth, "waits") as process:
        assert process.stdout.readline() == "ready\n"
        (child,) = children_of(process.pid)
        os.kill(child, signal.SIGUSR1)
        assert process.wait(TIMEOUT) == 128 + signal.SIGUSR1
    assert report_of(trace).program["signal"] == signal.SIGUSR1


def test_nothing_stays_behind(built, truth, tmp_path):
    with started(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", truth,
                 "goes_on") as process:
        assert process.stdout.readline() == "ready\n"
        assert len(spools_of(process.pid)) == 1
        process.stdin.close()
        assert process.wait(TIMEOUT) == 7
    assert spools_of(process.pid) == []


# ---- processes left behind


LEFT = (("leaves_child", 10), ("leaves_silent_child", 0))  # what each did before


@pytest.mark.parametrize("scenario, before", LEFT)
def test_a_process_left_behind_is_waited_for(built, truth, tmp_path, scenario, before):
    with started(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", truth,
                 scenario) as process:
        pid = int(process.stdout.readline())
        assert process.stderr.readline().startswith(
            "ccmem: profile: the program has ended; waiting for 1 process it left behind "
            f"(pid {pid})")
        process.stdin.close()
        assert process.wait(TIMEOUT) == 0
        assert process.stderr.read() == ""
    assert report_of(tmp_path / f"t.{pid}.ccm").alloc_count == before + 10


@pytest.mark.parametrize("scenario, before", LEFT)
def test_an_interrupt_ends_the_wait(built, truth, tmp_path, scenario, before):
    with started(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", truth,
                 scenario) as process:
        pid = int(process.stdout.readline())
        process.stderr.readline()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
    traces = [report_of(p).alloc_count for p in tmp_path.glob(f"t.{pid}.ccm")]
    assert traces == ([before] if before else [])


# ---- no room


def in_namespace(script, *arguments, **more):
    """Runs a shell script where it may mount; skips where nobody may."""
    if run("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt").returncode != 0:
        pytest.skip("no right to mount a file system here")
    return run("unshare", "-m", "sh", "-c", script, "sh", *arguments, **more)


def test_the_disk_is_full(built, truth, tmp_path):
    """The random sizes do not compress, so that the trace grows over the disk. The part of a chunk
    that still had room does not stay."""
    done = in_namespace("""
        mount -t tmpfs -o size=512k none "$1" && cd "$1" || exit 99
        "$2" profile -q -o t.ccm -- "$3" exchange 1 200000 >/dev/null
        status=$?
        cp t.ccm "$4" && exit $status
        """, tmp_path, CCMEM, truth.parent / "truth_threads", tmp_path.parent / "kept.ccm")
    assert done.returncode == 0
    assert done.stderr == f"ccmem: profile: t.ccm: No space left on device{COMPLAINT}"
    report = report_of(tmp_path.parent / "kept.ccm")
    assert 0 < report.alloc_count < 200000
    assert report.trace["warnings"] == ["the end of the process was not recorded"]


def test_the_disk_is_full_without_a_collector(built, truth, tmp_path):
    done = in_namespace("""
        mount -t tmpfs -o size=2m none "$1" && cd "$1" || exit 99
        LD_PRELOAD=$2 CCMEM_OUTPUT=t.ccm "$3" exchange 1 200000 >/dev/null
        status=$?
        cp t.ccm "$4" && exit $status
        """, tmp_path, PRELOAD, truth.parent / "truth_threads", tmp_path.parent / "plain.ccm")
    assert done.returncode == 0
    assert done.stderr == f"ccmem: record: {tmp_path}/t.ccm: No space left on device{COMPLAINT}"
    assert 0 < report_of(tmp_path.parent / "plain.ccm").alloc_count < 200000


def test_a_limit_on_the_size_of_files(built, truth, tmp_path):
    """Beyond it the system sends a signal that would end the program."""
    done = run("sh", "-c", "ulimit -f 64; exec \"$@\"", "sh", CCMEM, "profile", "-q", "-o",
               tmp_path / "t.ccm", "--", truth.parent / "truth_threads", "exchange", 1, 200000)
    assert done.returncode == 0
    assert done.stderr.startswith("ccmem: ") and done.stderr.endswith(COMPLAINT)
    assert done.stderr.count("\n") == 1
    assert "File too large" in done.stderr


@pytest.mark.parametrize("shm", ("-o ro", "-o size=4k", "-o size=4m", "-o nr_inodes=1"))
def test_shared_memory_that_is_of_no_use(built, truth, tmp_path, shm):
    """Another place serves."""
    (tmp_path / "tmp").mkdir()
    done = in_namespace(f"""
        mount -t tmpfs {shm} none /dev/shm || exit 99
        TMPDIR=$4 exec "$1" profile -q -o "$2" -- "$3" ends_quietly
        """, CCMEM, tmp_path / "t.ccm", truth, tmp_path / "tmp")
    assert (done.returncode, done.stderr) == (6, "")
    assert report_of(tmp_path / "t.ccm").alloc_count == 3
    assert not list((tmp_path / "tmp").iterdir())


def test_no_place_for_shared_memory_at_all(built, truth, tmp_path):
    done = in_namespace("""
        for place in /dev/shm /tmp; do
            mount --bind $place $place && mount -o remount,ro,bind $place || exit 99
        done
        TMPDIR=/nonexistent exec "$1" profile -q -o t.ccm -- "$2" ends_quietly
        """, CCMEM, truth)
    assert (done.returncode, done.stderr) == (
        4, "ccmem: profile: /nonexistent: Read-only file system\n")
