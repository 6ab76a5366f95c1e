# SPDX-License-Identifier: MIT
"""ccmem profile at the command line: what it refuses, in which words and with which status; where
the trace goes; what it shows."""
import json
import os
import pathlib
import re
import shutil
import stat
import tempfile

import pytest

from recording import CCMEM, PRELOAD, environment, report_of, run


@pytest.fixture
def shell(built, tmp_path):
    """Runs ccmem in the test's folder; gives what a reader of the terminal would see."""
    def transcript(*lines):
        text = []
        for line in lines:
            done = run(CCMEM, *line, cwd=tmp_path)
            shown = " ".join(str(word) or "''" for word in line)
            said = done.stdout + done.stderr
            text.append(f"$ ccmem {shown}\n{said}[{done.returncode}]\n")
        return "\n".join(text).replace(str(tmp_path), "FOLDER")
    return transcript


def make_program(path, body="#!/bin/sh\nexit 3\n"):
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    path.chmod(0o755)
    return path


def patched(at, *new):
    """/bin/true with other bytes at this place of its header."""
    image = bytearray(pathlib.Path("/bin/true").read_bytes())
    image[at:at + len(new)] = new
    return bytes(image)


# ---- words


def test_the_command_itself(shell, golden):
    golden("command", shell((), ("--help",), ("profil",), ("reprot",), ("xyz",), ("--nope",)))


def test_help(shell, golden):
    golden("help", shell(("profile", "--help"), ("report", "--help")))


def test_options_of_profile(shell, golden):
    go = ("--", "true")
    golden("profile_options", shell(
        ("profile",), ("profile", "--"), ("profile", "--follwo", *go),
        ("profile", "--frobnicate", *go), ("profile", "-x", *go), ("profile", "--mode", "fast", *go), ("profile", "--mode"),
        ("profile", "--interval", "4k", *go),
        ("profile", "--mode", "sample", "--interval", "0", *go),
        ("profile", "--mode", "sample", "--interval", "many", *go),
        ("profile", "--mode", "sample", "--interval", "-1", *go),
        ("profile", "--mode", "sample", "--interval", "99999999999999999999", *go),
        ("profile", "--mode", "sample", "--interval", "18446744073709551615G", *go),
        ("profile", "--live", "here", *go),
        ("profile", "--force=yes", *go)))


def test_programs_that_cannot_be_recorded(shell, golden, tmp_path):
    (tmp_path / "text").write_text("no program\n")
    (tmp_path / "folder").mkdir()
    make_program(tmp_path / "static", static_program(tmp_path))
    make_program(tmp_path / "small", patched(4, 1))  # EI_CLASS
    make_program(tmp_path / "foreign", patched(18, 0xF3, 0))  # e_machine
    make_program(tmp_path / "script", "#!./static\n")
    golden("profile_programs", shell(*[("profile", "-o", "t.ccm", "--", name) for name in (
        "nothing", "./nothing", "./text/nothing", "./text", "./folder", "./static", "./small",
        "./foreign", "./script")]))
    assert not (tmp_path / "t.ccm").exists()


def static_program(folder):
    source = folder / "static.c"
    source.write_text("int main(void) { return 0; }\n")
    made = run("cc", "-static", source, "-o", folder / "static.out")
    if made.returncode != 0:
        pytest.skip("no static libc to link with")
    return (folder / "static.out").read_bytes()


def test_places_where_no_trace_can_be(shell, golden, tmp_path):
    (tmp_path / "old.ccm").write_text("old")
    (tmp_path / "folder").mkdir()
    golden("profile_places", shell(*[("profile", "-q", "-o", name, "--", "true") for name in (
        "none/t.ccm", "old.ccm", "folder")]))
    assert (tmp_path / "old.ccm").read_text() == "old"


def test_a_name_that_is_too_long(shell):
    said = shell(("profile", "-q", "-o", "x" * 300, "--", "true"))
    assert said.endswith("x: File name too long\n[4]\n")


def test_a_program_that_changes_its_user(built):
    """For that, one must be another user."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can try that")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        program = make_program(pathlib.Path(folder) / "program", patched(0, 0x7F))
        program.chmod(0o755 | stat.S_ISUID)
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if run(*drop, CCMEM, "--version").returncode != 0:
            pytest.skip("another user cannot run this build")
        done = run(*drop, CCMEM, "profile", "-o", f"{folder}/t.ccm", "--", program)
        assert done.returncode == 4
        assert done.stderr == (
            f"ccmem: profile: {program}: changes its user or group (setuid), and then the system "
            "loads no library before it; run it as that user, or a copy without the bit\n")
        assert run(CCMEM, "profile", "-q", "-o", f"{folder}/r.ccm", "--", program).returncode == 0


# ---- what runs all the same


@pytest.mark.parametrize("body, status", [
    ("#!/bin/sh\nexit 3\n", 3), ("#! /usr/bin/env sh\nexit 4\n", 4), ("exit 5\n", 5)])
def test_scripts(built, tmp_path, body, status):
    script = make_program(tmp_path / "script", body)
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", script, "x")
    assert (done.returncode, done.stderr) == (status, "")
    assert report_of(tmp_path / "t.ccm").program["exit_status"] == status


def test_arguments_reach_the_program_as_they_are(built, tmp_path):
    words = ["-o", "--mode", "", "a b", "'", "\\", "ü", "--", "-q"]
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", "printf", "%s|", *words)
    assert done.stdout == "".join(f"{w}|" for w in words)
    assert report_of(tmp_path / "t.ccm").program["argv"] == ["printf", "%s|", *words]


def test_without_the_two_dashes(built, tmp_path):
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "sh", "-c", "exit 9")
    assert (done.returncode, done.stderr) == (9, "")


def test_standard_input_and_output_are_the_programs(built, tmp_path):
    done = run(CCMEM, "profile", "-o", tmp_path / "t.ccm", "--", "cat", input="a line\n")
    assert done.stdout == "a line\n"
    assert "Allocated" in done.stderr


# ---- where the trace goes


def test_the_name_of_the_trace(built, tmp_path):
    run(CCMEM, "profile", "-q", "--", "sh", "-c", "exit 0", cwd=tmp_path)
    (trace,) = tmp_path.glob("*.ccm")
    assert trace.name == f"ccmem.sh.{report_of(trace).program['pid']}.ccm"


def test_the_names_of_patterns(built, tmp_path):
    run(CCMEM, "profile", "-q", "-o", tmp_path / "a-%p-%h-%%.ccm", "--", "true")
    (trace,) = tmp_path.glob("*.ccm")
    program = report_of(trace).program
    assert trace.name == f"a-{program['pid']}-{program['host']}-%%.ccm"


def test_force_replaces(built, tmp_path):
    trace = tmp_path / "t.ccm"
    trace.write_bytes(b"x" * 1000000)
    done = run(CCMEM, "profile", "-q", "-f", "-o", trace, "--", "sh", "-c", "exit 2")
    assert (done.returncode, done.stderr) == (2, "")
    assert trace.stat().st_size < 1000000 and report_of(trace).program["exit_status"] == 2


def test_json_beside_it(built, program, tmp_path):
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--json", tmp_path / "t.json",
               "--", program("truth_calls"), "leaks")
    assert (done.returncode, done.stderr) == (0, "")
    beside = json.loads((tmp_path / "t.json").read_text())
    assert beside["leaked_count"] == 22
    assert beside["sites"] == json.loads(run(CCMEM, "report", tmp_path / "t.ccm", "--format",
                                             "json").stdout)["sites"]


def test_quiet_says_nothing(built, tmp_path):
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", "sh", "-c", "exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


# ---- the summary


def without_times(text):
    """What another run would show otherwise."""
    text = re.sub(r"\bpid \d+", "pid PID", text)
    text = re.sub(r"[\d.]+ (ns|us|µs|ms|s)\b", "TIME", text)
    text = re.sub(r"[\d.]+ ?[kMGT]?i?B?/s", "RATE", text)
    text = re.sub(r"trace of [\d.]+ \w+", "trace of SIZE", text)
    text = re.sub(r"\n! too short to know the clock's rate well\n", "", text)
    text = re.sub(r"(\.c):\d+", r"\1:LINE", text)
    text = re.sub(r"(\n  )\d+( +\w)", r"\1TID\2", text)
    # So short a program may be gone before the collector looks at its resident memory.
    text = re.sub(r"^ *Resident .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r" {2,}", "  ", text)


def test_the_summary(built, program, golden, tmp_path):
    """The seed decides which calls are measured: none of so few."""
    done = run(CCMEM, "profile", "-o", "t.ccm", "--", program("truth_calls"), "peak", cwd=tmp_path,
               env=environment(CCMEM_SEED=1))
    golden("profile_summary", without_times(done.stderr).replace(
        str(program("truth_calls").parent), "PROGRAMS"))


def test_the_summary_of_a_program_with_a_malloc_of_its_own(built, program, tmp_path):
    done = run(CCMEM, "profile", "-o", tmp_path / "t.ccm", "--", program("truth_own_malloc"))
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].endswith(
        ": no allocation was seen: it makes none, or brings a malloc of its own")


def test_no_colours_where_no_terminal_is(built, tmp_path):
    done = run(CCMEM, "profile", "-o", tmp_path / "t.ccm", "--", "ls", "/")
    assert "\x1b" not in done.stderr + done.stdout


# ---- the environment of plain recording


@pytest.mark.parametrize("name, value, why", [
    ("CCMEM_MODE", "most", "must be full, sample or count"),
    ("CCMEM_INTERVAL", "0", "must be at least 1"),
    ("CCMEM_INTERVAL", "4k", "must be a number"),
    ("CCMEM_SEED", "", "must be a number")])
def test_bad_values_in_the_environment(built, tmp_path, name, value, why):
    env = environment(LD_PRELOAD=PRELOAD, CCMEM_OUTPUT=tmp_path / "t.ccm", **{name: value})
    done = run("sh", "-c", "exit 3", env=env)
    assert done.returncode == 3
    assert done.stderr == f"ccmem: record: {name}={value}: {why}; nothing is recorded\n"
    assert not (tmp_path / "t.ccm").exists()
