# SPDX-License-Identifier: MIT
"""Programs that fork, become others, take away what the recorder stands on, or end early: what is
recorded is exact up to the last moment, and the program never notices."""
import os
import signal

import pytest

from recording import CCMEM, MODES, PRELOAD, environment, report_of, run, total

pytestmark = pytest.mark.timeout(60)  # a process that waits for ever is a failure too

MUCH = 200000
FORKS = ("forks", "forks_raw", "forks_in_thread")


@pytest.fixture
def processes(profile, program):
    """Runs a scenario of truth_process: what it said, and the report."""
    return lambda scenario, **more: profile(program("truth_process"), scenario, **more)


def figures(report):
    """What the program itself did: without what libc adds for threads."""
    libc = report.through("dl_allocate_tls")
    return (report.alloc_count - total(libc, "alloc_count"),
            report.alloc_bytes - total(libc, "alloc_bytes"), report.free_count)


def other_traces(folder):
    return sorted(p for p in folder.glob("*.ccm") if p.name != "trace.ccm")


# ---- fork


@pytest.mark.parametrize("scenario", FORKS)
def test_a_forked_child_has_a_trace_of_its_own(processes, tmp_path, scenario):
    done, report = processes(scenario)
    pid = int(done.stdout)
    assert [p.name for p in other_traces(tmp_path)] == [f"trace.{pid}.ccm"]
    child = report_of(tmp_path / f"trace.{pid}.ccm")
    assert figures(report) == (11, 22 + 10 * 44, 11)
    assert not report.program["forked"] and report.program["exit_status"] == 0
    assert figures(child) == (7, 7 * 33, 7)
    assert child.program["forked"]
    assert (child.program["pid"], child.program["ppid"]) == (pid, report.program["pid"])
    assert len(child.thread_stats) == 1


@pytest.mark.parametrize("scenario", FORKS)
def test_a_child_that_frees_its_parents_block(processes, tmp_path, scenario):
    done, _ = processes(scenario)
    child = report_of(tmp_path / f"trace.{int(done.stdout)}.ccm")
    assert (child.unmatched_free_count, child.leaked_count, child.leaked_bytes) == (1, 1, 33)
    assert (child.peak_allocated, child.cross_thread_free_count) == (66, 0)


@pytest.mark.parametrize("mode", ("sample", "count"))
def test_forks_in_other_modes(processes, tmp_path, mode):
    done, report = processes("forks", options=["--mode", mode])
    child = report_of(tmp_path / f"trace.{int(done.stdout)}.ccm")
    assert figures(report) == (11, 22 + 10 * 44, 11)
    assert figures(child) == (7, 7 * 33, 7)


def test_forks_while_other_threads_allocate(processes, tmp_path):
    _, report = processes("forks_among_threads")
    children = [report_of(p) for p in other_traces(tmp_path)]
    assert len(children) == 50
    assert {figures(c) for c in children} == {(1000, 33000, 1000)}
    assert {c.unmatched_free_count for c in children} == {0}
    assert report.lost_events == 0 and report.current_allocated == total(
        report.through("dl_allocate_tls"), "live_bytes")


# ---- vfork, exec


@pytest.mark.parametrize("scenario", ("vforks", "spawns"))
def test_children_in_the_parents_memory(processes, tmp_path, scenario):
    _, report = processes(scenario)
    assert figures(report) == (15, 5 * 22 + 10 * 44, 15)
    assert not other_traces(tmp_path)


@pytest.mark.parametrize("options, expected", [
    ([], [(5, 110, 5)]), (["--follow"], [(5, 110, 5), (3, 198, 3)])])
def test_a_program_that_becomes_another(processes, tmp_path, options, expected):
    _, report = processes("execs", options=options, status=6)
    rest = [report_of(p) for p in other_traces(tmp_path)]
    assert [figures(r) for r in [report] + rest] == expected
    assert {r.program["pid"] for r in [report] + rest} == {report.program["pid"]}


@pytest.mark.parametrize("pattern", ("trace.ccm", "trace.%p.ccm"))
def test_every_program_of_a_chain_has_its_trace(built, program, tmp_path, pattern):
    """In their order, none over another although files may be replaced, and the status is that
    of the last one."""
    done = run(CCMEM, "profile", "-q", "-f", "--follow", "-o", tmp_path / pattern, "--",
               program("truth_process"), "execs_often", env=environment(TRUTH_EXECS=6))
    assert (done.returncode, done.stderr) == (6, "")
    reports = [report_of(p) for p in tmp_path.glob("*.ccm")]
    reports.sort(key=lambda r: r.start_time)
    works = [total([s for s in r.sites if s.functions[0] == "work"], "alloc_count")
             for r in reports]
    assert works == [6, 5, 4, 3, 2, 1]
    assert [r.program["exit_status"] for r in reports] == 5 * [None] + [6]
    pid = reports[0].program["pid"]
    assert {r.program["pid"] for r in reports} == {pid}
    first = {"trace.ccm": "trace.ccm", "trace.%p.ccm": f"trace.{pid}.ccm"}[pattern]
    assert report_of(tmp_path / first).start_time == reports[0].start_time


def test_an_exec_that_fails_changes_nothing(processes):
    _, report = processes("exec_fails")
    assert figures(report) == (10, 220, 10)


def test_follow_records_what_the_program_starts(processes, tmp_path):
    _, report = processes("spawns", options=["--follow"])
    (other,) = [report_of(p) for p in other_traces(tmp_path)]
    assert figures(report) == (15, 5 * 22 + 10 * 44, 15)
    assert other.program["exe"].endswith("/true") and other.program["ppid"] == report.program["pid"]


# ---- surroundings


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", ("closes_everything", "uses_every_descriptor",
                                      "changes_directory", "drops_environment"))
def test_programs_that_clear_away_what_they_did_not_make(processes, scenario, mode):
    done, report = processes(scenario, options=["--mode", mode])
    assert figures(report) == (MUCH + 1, 77 * (MUCH + 1), MUCH + 1)
    assert report.lost_events == 0
    assert done.stderr == ""
    assert done.stdout == ("whole\n" if scenario == "uses_every_descriptor" else "")


@pytest.mark.parametrize("scenario", ("closes_everything", "uses_every_descriptor",
                                      "changes_directory", "drops_environment"))
def test_the_same_without_a_collector(built, program, tmp_path, scenario):
    env = environment(LD_PRELOAD=PRELOAD, CCMEM_OUTPUT="own.ccm")
    done = run(program("truth_process"), scenario, env=env, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    report = report_of(tmp_path / "own.ccm")
    assert figures(report) == (MUCH + 1, 77 * (MUCH + 1), MUCH + 1)


@pytest.mark.parametrize("preload", (None, "libtruth_bump.so"))
def test_the_program_sees_its_own_environment(program, tmp_path, built, preload):
    own = environment(CCMEM_UNKNOWN="is not ours to take",
                      LD_PRELOAD=program(preload) if preload else None)
    command = [program("truth_process"), "shows_environment"]
    alone = run(*command, env=own)
    recorded = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", *command, env=own)
    assert recorded.stdout == alone.stdout


# ---- ends


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario, status", [
    ("aborts", 128 + signal.SIGABRT), ("is_killed", 128 + signal.SIGKILL),
    ("crashes", 128 + signal.SIGSEGV), ("leaves_at_once", 9)])
def test_all_up_to_a_sudden_end_is_there(processes, scenario, status, mode):
    _, report = processes(scenario, status=status, options=["--mode", mode])
    assert figures(report) == (MUCH + 1, 88 + 77 * MUCH, MUCH)
    if mode == "full":
        assert (report.leaked_count, report.leaked_bytes) == (1, 88)
    ended = report.program["signal"] if status > 128 else report.program["exit_status"]
    assert ended == status % 128


@pytest.mark.parametrize("scenario, signal_number", [
    ("aborts", signal.SIGABRT), ("is_killed", signal.SIGKILL), ("crashes", signal.SIGSEGV)])
def test_the_same_end_without_a_collector(built, program, tmp_path, scenario, signal_number):
    env = environment(LD_PRELOAD=PRELOAD, CCMEM_OUTPUT=tmp_path / "own.ccm")
    assert run(program("truth_process"), scenario, env=env).returncode == -signal_number
    assert figures(report_of(tmp_path / "own.ccm")) == (MUCH + 1, 88 + 77 * MUCH, MUCH)
