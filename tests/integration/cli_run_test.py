# SPDX-License-Identifier: MIT
"""ccmem run at the command line: the program is served by what was asked for, and is otherwise its
own; what is refused, in which words and with which status; together with ccmem profile."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from recording import BUILD, CCMEM, PRELOAD, environment, report_of, run, total

VERIFY = BUILD / "lib/libccmem_verify.so"
OTHERS = ("mimalloc", "jemalloc", "tcmalloc")
ALL = ("system", *OTHERS)


def run_under(allocator, *command, **more):
    """ccmem run without --allocator for None."""
    options = ["--allocator", allocator] if allocator else []
    return run(CCMEM, "run", *options, "--", *command, **more)


def serving(said):
    """The first word that ccmem info --short says."""
    return said.split("\t")[0]


def library_of(allocator):
    done = run_under(allocator, CCMEM, "info", "--short")
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n").split("\t")[2]


def make_program(folder, name, source, *flags):
    (folder / f"{name}.c").write_text(source)
    done = run("cc", "-o", folder / name, folder / f"{name}.c", *flags)
    assert done.returncode == 0, done.stderr
    return folder / name


def test_help(built, golden):
    golden("run_help", "\n".join(run(CCMEM, name, "--help").stdout for name in ("run", "info")))


# ---- it serves


@pytest.mark.parametrize("allocator", ALL)
def test_the_allocator_serves(built, allocator):
    done = run_under(allocator, CCMEM, "info", "--short")
    assert (done.returncode, done.stderr, serving(done.stdout)) == (0, "", allocator)


def test_without_a_name_it_is_the_policys(built):
    done = run_under(None, CCMEM, "info", "--short")
    assert (done.returncode, serving(done.stdout)) == (0, "jemalloc")


@pytest.mark.parametrize("allocator", ALL)
def test_its_children_are_served_too(built, allocator):
    done = run_under(allocator, "sh", "-c", f"'{CCMEM}' info --short; true")
    assert (done.returncode, done.stderr, serving(done.stdout)) == (0, "", allocator)


def test_a_script(built, tmp_path):
    script = tmp_path / "script"
    script.write_text(f"#! /bin/sh\n'{CCMEM}' info --short\nexit 5\n")
    script.chmod(0o755)
    done = run_under("mimalloc", script)
    assert (done.returncode, serving(done.stdout)) == (5, "mimalloc")


# ---- the program is otherwise its own


@pytest.mark.parametrize("allocator", ALL)
def test_the_status_is_the_programs(built, allocator):
    done = run_under(allocator, "sh", "-c", "exit 42")
    assert (done.returncode, done.stdout, done.stderr) == (42, "", "")


def test_the_signal_is_the_programs(built):
    done = run_under("mimalloc", "sh", "-c", "kill -TERM $$")
    assert done.returncode == -signal.SIGTERM


def test_no_process_stands_between(built):
    with subprocess.Popen([CCMEM, "run", "--allocator", "mimalloc", "--", "sh", "-c", "echo $$"],
                          stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert int(process.communicate(timeout=60)[0]) == process.pid


def test_arguments_and_input_reach_it_as_they_are(built):
    words = ["-o", "--allocator", "", "a b", "'", "\\", "ü", "--"]
    done = run_under("mimalloc", "printf", "%s|", *words)
    assert done.stdout == "".join(f"{word}|" for word in words)
    assert run_under("mimalloc", "cat", input="a line\n").stdout == "a line\n"


def test_without_the_two_dashes(built):
    done = run(CCMEM, "run", "--allocator=mimalloc", "sh", "-c", "exit 9")
    assert (done.returncode, done.stderr) == (9, "")


SHOW = "echo \"$LD_PRELOAD|$CCMEM_RUN_ALLOCATOR|${CCMEM_RUN_CHECK-gone}\""


@pytest.mark.parametrize("allocator", OTHERS)
def test_the_environment(built, allocator, tmp_path):
    other = make_program(tmp_path, "other.so", "int nothing;\n", "-shared")
    library = library_of(allocator)
    for before, after in (None, ""), (f"{other}", f":{other}"), (f" : {other}:", f":{other}"):
        done = run_under(allocator, "sh", "-c", SHOW, env=environment(LD_PRELOAD=before))
        assert (done.stderr, done.stdout) == ("", f"{VERIFY}:{library}{after}|{allocator}|gone\n")


def test_the_environment_for_the_systems_allocator(built):
    assert run_under("system", "sh", "-c", SHOW).stdout == f"{VERIFY}|system|gone\n"


def test_what_is_in_the_list_already_is_not_added_again(built):
    done = run_under("mimalloc", CCMEM, "run", "--allocator", "mimalloc", "--", "sh", "-c", SHOW)
    assert done.stdout == f"{VERIFY}:{library_of('mimalloc')}|mimalloc|gone\n"


@pytest.mark.parametrize("outer", OTHERS)
@pytest.mark.parametrize("inner", OTHERS)
def test_the_inner_of_two_wins(built, outer, inner):
    done = run_under(outer, CCMEM, "run", "--allocator", inner, "--", CCMEM, "info", "--short")
    assert (done.returncode, done.stderr, serving(done.stdout)) == (0, "", inner)


# ---- what is refused


@pytest.mark.parametrize("name, why", [
    ("jemaloc", "no such allocator; jemalloc is one"),
    ("Mimalloc", "no such allocator; mimalloc is one"),
    ("hoard", "no such allocator; expected system, mimalloc, jemalloc or tcmalloc"),
    ("", "no such allocator; expected system, mimalloc, jemalloc or tcmalloc")])
def test_names_that_are_none(built, name, why):
    done = run(CCMEM, "run", "--allocator", name, "--", "true")
    assert (done.returncode, done.stderr) == (2, f"ccmem: run: {name}: {why}\n")


def test_wrong_usage(built):
    done = run(CCMEM, "run")
    assert (done.returncode, done.stderr) == (2, "ccmem: run: PROG: missing; usage: ccmem run "
                                                 "[--allocator NAME] -- PROG [ARG...]\n")
    done = run(CCMEM, "run", "--alocator", "mimalloc", "--", "true")
    assert (done.returncode, done.stderr) == (
        2, "ccmem: run: --alocator: no such option; --allocator is one\n")


@pytest.mark.parametrize("allocator", ALL)
def test_a_program_that_is_not_there(built, allocator):
    done = run_under(allocator, "./nothing")
    assert (done.returncode, done.stderr) == (
        3, "ccmem: run: ./nothing: No such file or directory\n")


def test_a_static_program(built, tmp_path):
    (tmp_path / "static.c").write_text("int main(void) { return 0; }\n")
    made = run("cc", "-static", tmp_path / "static.c", "-o", tmp_path / "static")
    assert made.returncode == 0, made.stderr
    done = run_under("mimalloc", tmp_path / "static")
    assert (done.returncode, done.stderr) == (
        4, f"ccmem: run: {tmp_path}/static: statically linked, so that no library can be loaded "
           "before it; link it without -static\n")


needs_root = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"),
                                reason="only root can become another user")


def run_as_nobody(folder, spoil):
    """A program that spoil has made one of privileges, run by somebody who has none."""
    os.chmod(folder, 0o755)
    program = pathlib.Path(folder) / "program"
    shutil.copy("/bin/true", program)
    spoil(program)
    return program, run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", CCMEM,
                        "run", "--allocator", "mimalloc", "--", program)


@needs_root
def test_a_program_that_changes_its_user(built):
    with tempfile.TemporaryDirectory() as folder:
        program, done = run_as_nobody(folder, lambda path: path.chmod(0o4755))
        assert (done.returncode, done.stderr) == (
            4, f"ccmem: run: {program}: changes its user or group (setuid), and then the system "
               "loads no library before it; run it as that user, or a copy without the bit\n")


@needs_root
def test_a_program_with_capabilities(built):
    # struct vfs_ns_cap_data: version 2, effective; CAP_NET_RAW.
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    with tempfile.TemporaryDirectory() as folder:
        program, done = run_as_nobody(
            folder, lambda path: os.setxattr(path, "security.capability", capability))
        assert (done.returncode, done.stderr) == (
            4, f"ccmem: run: {program}: gains privileges (file capabilities), and then the system "
               "loads no library before it; run it as root, or a copy without them\n")


def hide_library(folder, allocator, content):
    """An environment in which the loader finds this file and not the allocator's library."""
    (folder / pathlib.Path(library_of(allocator)).name).write_bytes(content)
    return environment(LD_LIBRARY_PATH=folder)


def test_a_library_that_is_none(built, tmp_path):
    done = run_under("mimalloc", "true", env=hide_library(tmp_path, "mimalloc", b"no library\n"))
    assert done.returncode == 4
    assert done.stderr.startswith("ccmem: run: mimalloc: ")
    assert "file too short" in done.stderr or "invalid ELF header" in done.stderr


def installed_in(folder, *libraries):
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    shutil.copy(CCMEM, folder / "bin")
    for library in libraries:
        shutil.copy(library, folder / "lib")
    return folder / "bin/ccmem"


def without_library(folder, allocator):
    """A ccmem that knows the allocator's library by a name that no file has."""
    ccmem = installed_in(folder, VERIFY)
    known = f"lib{allocator}".encode()
    image, count = re.subn(known + rb"(?=[_.])", known[:-1] + b"X", ccmem.read_bytes())
    assert count > 0
    ccmem.write_bytes(image)
    return ccmem


@pytest.mark.parametrize("allocator, package", [("mimalloc", "libmimalloc2.0"),
                                                ("jemalloc", "libjemalloc2"),
                                                ("tcmalloc", "libtcmalloc-minimal4")])
def test_an_allocator_that_is_not_installed(built, tmp_path, allocator, package):
    ccmem = without_library(tmp_path, allocator)
    done = run(ccmem, "run", "--allocator", allocator, "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"ccmem: run: {allocator}: not installed: there is no lib")
    assert done.stderr.endswith(
        f"; install {package} (Debian's name for it), or choose with --allocator\n")


def test_a_policy_whose_allocator_is_not_installed(built, tmp_path):
    done = run(without_library(tmp_path, "jemalloc"), "run", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("ccmem: run: jemalloc: the allocator of this platform's policy "
                                  "is not installed: ")


def test_an_installation_without_the_library_that_verifies(built, tmp_path):
    done = run(installed_in(tmp_path), "run", "--allocator", "system", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (f"ccmem: run: libccmem_verify.so: is not beside {tmp_path}/bin; "
                           "install ccmem again\n")


@pytest.mark.parametrize("name", ["a b", "a:b"])
def test_an_installation_that_the_loader_cannot_name(built, tmp_path, name):
    folder = tmp_path / name
    done = run(installed_in(folder, VERIFY), "run", "--allocator", "system", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (f"ccmem: run: {folder}/lib/libccmem_verify.so: LD_PRELOAD takes no name "
                           "with a blank or a colon; install it elsewhere\n")


# ---- what is found out in the child


@pytest.mark.parametrize("allocator", ALL)
def test_an_allocator_linked_into_the_program(built, program, allocator):
    mark = pathlib.Path(program("truth_own_malloc"))
    done = run_under(allocator, mark)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"ccmem: run: {allocator}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("allocator", OTHERS)
def test_the_systems_allocator_does_not_serve_where_another_is_preloaded(built, allocator):
    done = run_under("system", "echo", "ran", env=environment(LD_PRELOAD=library_of(allocator)))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"ccmem: run: system: malloc's blocks are {allocator}'s")


# ---- together with profile


def own_calls(report):
    """What the program itself did; allocators and the check before main have blocks, too."""
    return [total(report.own(), figure) for figure in (
        "alloc_count", "alloc_bytes", "free_count", "live_bytes")]


@pytest.fixture
def plain(profile, program):
    """(a program, what its own calls are)"""
    command = (program("truth_calls"), "leaks")
    _, report = profile(*command, name="plain")
    calls = own_calls(report)
    assert calls[0] > 0
    return command, calls


@pytest.mark.parametrize("allocator", ALL)
def test_profile_inside_of_run(plain, tmp_path, allocator):
    command, calls = plain
    trace = tmp_path / "t.ccm"
    record = (CCMEM, "profile", "-q", "-f", "-o", trace, "--")
    done = run_under(allocator, *record, *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert own_calls(report_of(trace)) == calls
    done = run_under(allocator, *record, CCMEM, "info", "--short")
    assert (done.returncode, serving(done.stdout)) == (0, allocator)
    assert done.stdout.endswith(f"\t{PRELOAD}\n")


@pytest.mark.parametrize("allocator", ALL)
def test_run_inside_of_profile_that_follows(plain, tmp_path, allocator):
    """ccmem run has a trace, and the program that it becomes has one."""
    command, calls = plain
    record = (CCMEM, "profile", "-q", "-f", "--follow", "-o", tmp_path / "t.ccm", "--")
    as_other = (CCMEM, "run", "--allocator", allocator, "--")
    done = run(*record, *as_other, *command)
    assert (done.returncode, done.stderr) == (0, "")
    reports = [report_of(trace) for trace in tmp_path.glob("t*.ccm")]
    assert [own_calls(report) for report in reports
            if report.program["argv"][0] == str(command[0])] == [calls]
    done = run(*record, *as_other, CCMEM, "info", "--short")
    assert (done.returncode, serving(done.stdout)) == (0, allocator)
    assert done.stdout.endswith(f"\t{PRELOAD}\n")


@pytest.mark.parametrize("allocator", ALL)
def test_run_inside_of_profile(plain, tmp_path, allocator):
    """The one trace is the program's."""
    command, calls = plain
    record = (CCMEM, "profile", "-q", "-f", "-o", tmp_path / "t.ccm", "--")
    as_other = (CCMEM, "run", "--allocator", allocator, "--")
    done = run(*record, *as_other, *command)
    assert (done.returncode, done.stderr) == (0, "")
    (trace,) = tmp_path.glob("t*.ccm")
    report = report_of(trace)
    assert report.program["argv"] == [str(word) for word in command]
    assert own_calls(report) == calls
    done = run(*record, *as_other, CCMEM, "info", "--short")
    assert (done.returncode, serving(done.stdout)) == (0, allocator)
    assert done.stdout.endswith(f"\t{PRELOAD}\n")


def test_run_inside_of_profile_is_refused_as_it_would_be_alone(built, program, tmp_path):
    record = (CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--", CCMEM, "run")
    for more, status in ((("--allocator", "jemaloc", "--", "true"), 2), ((), 2),
                         (("--", "./nothing"), 3),
                         (("--allocator", "mimalloc", "--", program("truth_own_malloc")), 4)):
        done = run(*record, *more)
        assert done.returncode == status
        assert done.stderr.startswith("ccmem: run: ")
