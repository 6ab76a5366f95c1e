# SPDX-License-Identifier: MIT
"""Which allocator serves: found by evidence however it came into the program, whatever else is
there, whatever was asked for; and libccmem_verify.so, which ends a program that is on the wrong one."""
import itertools
import pathlib

import pytest

from recording import BUILD, PRELOAD, PROGRAMS, PROJECT, environment, run

SOURCE = PROJECT / "tests/programs/linked/serving.c"
SHARED = (f"-L{BUILD}/lib", "-lccmem", f"-Wl,-rpath,{BUILD}/lib")
ARCHIVE = (BUILD / "lib/libccmem.a",)
VERIFY = BUILD / "lib/libccmem_verify.so"
LIBRARIES = {"mimalloc": "libmimalloc.so.2", "jemalloc": "libjemalloc.so.2",
             "tcmalloc": "libtcmalloc_minimal.so.4"}
ARCHIVES = {"jemalloc": ("-l:libjemalloc.a", "-lstdc++", "-lm"),
            "tcmalloc": ("-l:libtcmalloc_minimal.a", "-lstdc++", "-lm")}
ALLOCATORS = ("system", *LIBRARIES)
METHODS = {"system": {"mallinfo2"}, "mimalloc": {"mi_is_in_heap_region"},
           "jemalloc": {"mallctl thread.allocated"}, "tcmalloc": {"MallocExtension_GetOwnership"}}
RECORDER = pytest.mark.parametrize("recorder", [(), (PRELOAD,)], ids=["plain", "recorded"])
HAS_ROOM = {"GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=4096"}


def link(folder, name, *libraries):
    """The program, linked with libraries in that order."""
    out = pathlib.Path(folder) / name
    done = run("cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Werror", "-I", PROJECT / "include",
               SOURCE, "-pthread", *libraries, "-o", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def programs(tmp_path_factory, built):
    """Our library in both its forms; the archive also where weak references are settled by the
    linker."""
    folder = tmp_path_factory.mktemp("serving")
    return {"shared": link(folder, "shared", *SHARED), "archive": link(folder, "archive", *ARCHIVE),
            "fixed": link(folder, "fixed", "-no-pie", "-Wl,-z,nodynamic-undefined-weak", *ARCHIVE)}


def preloaded(*libraries, **more):
    """The environment with these in LD_PRELOAD: files, or names of allocators ("system": none)."""
    files = [str(LIBRARIES.get(name, name)) for name in libraries if name != "system"]
    return environment(LD_PRELOAD=":".join(files) or None, **more)


def facts(program, *arguments, env=None):
    done = run(program, *arguments, env=env)
    assert (done.returncode, done.stderr) == (0, ""), (done.returncode, done.stderr)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def assert_serves(found, name):
    assert found["serving"] == name, found
    assert found["verified"] == "1" and found["method"] in METHODS[name]
    assert found["version"][:1].isalnum()
    owner = "the C library" if name == "system" else name
    assert found["reason"] in [f"malloc's blocks are {owner}'s: {found['method']} {answer} them"
                               for answer in ("knows", "counts")]


# ---- how the allocator came into the program


@RECORDER
@pytest.mark.parametrize("form", ("shared", "archive", "fixed"))
@pytest.mark.parametrize("name", ALLOCATORS)
def test_preloaded(programs, form, name, recorder):
    """The symbol says it is the recorder; the evidence is not fooled."""
    found = facts(programs[form], env=preloaded(*recorder, name))
    assert_serves(found, name)
    file = PRELOAD.name if recorder else LIBRARIES.get(name, "libc.so.6")
    assert pathlib.Path(found["claimed"]).name == file


@pytest.mark.parametrize("ours", (SHARED, ARCHIVE), ids=("shared", "archive"))
@pytest.mark.parametrize("name", LIBRARIES)
def test_linked(tmp_path, name, ours):
    program = link(tmp_path, "linked", "-Wl,--no-as-needed", f"-l:{LIBRARIES[name]}", *ours)
    assert_serves(facts(program), name)
    for other in set(LIBRARIES) - {name}:
        found = facts(program, env=preloaded(other))
        assert_serves(found, other)
        assert f"{other}" in found["claimed"]


@pytest.mark.parametrize("ours", (SHARED, ARCHIVE), ids=("shared", "archive"))
@pytest.mark.parametrize("name", ARCHIVES)
def test_linked_statically(tmp_path, name, ours):
    """The symbol says only that it is the program. What is preloaded comes too late."""
    program = link(tmp_path, "linked", *ours, *ARCHIVES[name])
    for other in ("system", *LIBRARIES):
        found = facts(program, env=preloaded(other))
        assert_serves(found, name)
        assert found["claimed"] == str(program)


# ---- asked for one, on another


@RECORDER
@pytest.mark.parametrize("asked, name", list(itertools.product(ALLOCATORS, ALLOCATORS)))
def test_asked_for(programs, asked, name, recorder):
    found = facts(programs["shared"], asked, env=preloaded(*recorder, name))
    assert (found["requested"], found["serving"]) == (asked, name)
    assert found["verified"] == str(int(asked == name))
    if asked == "system" != name:
        assert found["reason"].endswith("; system is loaded but does not serve")
    elif asked != name:
        assert found["reason"].endswith(f"; {asked} is not loaded")


@pytest.mark.parametrize("first, second", itertools.permutations(LIBRARIES, 2))
def test_two_at_once(programs, first, second):
    env = preloaded(first, second)
    assert_serves(facts(programs["shared"], env=env), first)
    found = facts(programs["archive"], second, env=env)
    assert (found["serving"], found["verified"]) == (first, "0")
    assert found["reason"].endswith(f"; {second} is loaded but does not serve")


def test_all_at_once(programs):
    for order in itertools.permutations(LIBRARIES):
        assert_serves(facts(programs["shared"], env=preloaded(*order)), order[0])


@pytest.mark.parametrize("name", ALLOCATORS)
def test_backends_have_no_say(programs, name):
    """All of them opened for cc_alloc: malloc stays what it was."""
    opened = [word for backend in ALLOCATORS for word in ("--open", backend)]
    for program in programs.values():
        assert_serves(facts(program, *opened, env=preloaded(name, **HAS_ROOM)), name)


def test_jemalloc_that_comes_late(programs):
    found = facts(programs["shared"], "--open", "jemalloc")
    assert "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096" in found["refused"]
    assert "ccmem run --allocator jemalloc" in found["refused"]
    assert_serves(found, "system")
    assert "refused" not in facts(programs["shared"], "--open", "jemalloc",
                                  env=environment(**HAS_ROOM))


# ---- nobody known


def test_an_allocator_of_its_own(programs):
    bump = PROGRAMS / "libtruth_bump.so"
    for name in ALLOCATORS:
        found = facts(programs["shared"], "jemalloc", env=preloaded(bump, name))
        assert (found["serving"], found["verified"], found["version"]) == ("unknown", "0", "")
        assert found["method"] == ""
        assert found["reason"].startswith("no known allocator takes malloc's blocks for its own; "
                                          f"malloc is in {str(bump)[:100]}")


@pytest.mark.parametrize("name", ("jemalloc", "tcmalloc"))
def test_two_who_claim_the_same(programs, name):
    env = preloaded(PROGRAMS / "libliar.so", name)
    for asked in ("mimalloc", name):
        found = facts(programs["shared"], asked, env=env)
        assert (found["serving"], found["verified"], found["method"]) == ("unknown", "0", "")
        assert found["reason"] == "more than one allocator takes malloc's blocks for its own"


def test_under_valgrind(programs):
    done = run("valgrind", "-q", programs["shared"], "--open", "mimalloc")
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert (found["serving"], found["verified"]) == ("unknown", "0")
    assert found["reason"] == "Valgrind has put its own malloc in place"
    assert found["refused"] == "Valgrind replaces some of its functions by its own"


def test_under_a_tool_that_leaves_malloc_alone(programs):
    done = run("valgrind", "-q", "--tool=none", programs["shared"], "--open", "mimalloc")
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert "refused" not in found
    assert_serves(found, "system")


# ---- files that are not what their names say


@pytest.mark.parametrize("text, why", [
    (None, "libmimalloc.so.2 has no function mi_malloc_aligned_at"), ("x" * 100, "invalid ELF header"),
    ("", "file too short")])
def test_a_library_that_is_none(programs, tmp_path, text, why):
    library = tmp_path / "libmimalloc.so.2"
    if text is None:
        (tmp_path / "empty.c").write_text("int nothing;\n", encoding="utf-8")
        run("cc", "-shared", tmp_path / "empty.c", "-o", library, check=True)
    else:
        library.write_text(text, encoding="utf-8")
    found = facts(programs["shared"], "--open", "mimalloc",
                  env=environment(LD_LIBRARY_PATH=tmp_path))
    assert found["refused"].startswith(str(library)) and found["refused"].endswith(why)
    assert_serves(found, "system")


def test_libc_is_no_allocator_library(programs, tmp_path):
    """A library without malloc needs libc, whose malloc must not be taken for its own."""
    (tmp_path / "empty.c").write_text("int nothing;\n", encoding="utf-8")
    library = tmp_path / "libjemalloc.so.2"
    run("cc", "-shared", tmp_path / "empty.c", "-Wl,--no-as-needed", "-lc", "-o", library,
        check=True)
    found = facts(programs["shared"], "--open", "jemalloc",
                  env=environment(LD_LIBRARY_PATH=tmp_path))
    assert found["refused"] == f"{library} has no function aligned_alloc"


# ---- many who ask


@RECORDER
@pytest.mark.parametrize("name", ALLOCATORS)
def test_threads_ask_at_once(programs, name, recorder):
    done = run(programs["shared"], "--threads", "32", name, env=preloaded(*recorder, name))
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert set(lines) == {f"{name} 1"} and len(lines) == 32 * 20


# ---- libccmem_verify.so


def check(*libraries, asked, command=("sh", "-c", 'echo "$CCMEM_RUN_ALLOCATOR,$CCMEM_RUN_CHECK"')):
    return run(*command, env=preloaded(*libraries, CCMEM_RUN_ALLOCATOR=asked, CCMEM_RUN_CHECK="1"))


@RECORDER
@pytest.mark.parametrize("place", ("first", "last"))
@pytest.mark.parametrize("asked, name", list(itertools.product(ALLOCATORS, ALLOCATORS)))
def test_verify(built, asked, name, place, recorder):
    libraries = (*recorder, name)
    order = (VERIFY, *libraries) if place == "first" else (*libraries, VERIFY)
    done = check(*order, asked=asked)
    if asked == name:
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{asked},\n", "")
        return
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"ccmem: run: {asked}: malloc's blocks are ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("first, second", itertools.permutations(LIBRARIES, 2))
def test_verify_with_two(built, first, second):
    for order in ((first, second, VERIFY), (VERIFY, first, second)):
        assert check(*order, asked=first).returncode == 0
        done = check(*order, asked=second)
        assert done.returncode == 4
        assert done.stderr.endswith(f"; {second} is loaded but does not serve\n")


def test_verify_happens_once(built):
    """What the program starts may be on another allocator."""
    done = check("mimalloc", VERIFY, asked="mimalloc",
                 command=("sh", "-c", f"LD_PRELOAD={VERIFY} sh -c 'echo inner'"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "inner\n", "")


def test_verify_without_an_order(built):
    done = run("echo", "x", env=preloaded(VERIFY, CCMEM_RUN_ALLOCATOR="jemalloc"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\n", "")


@pytest.mark.parametrize("asked", (None, "", "hoard"))
def test_verify_of_nothing(built, asked):
    done = check(VERIFY, asked=asked, command=("echo", "x"))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == ("ccmem: run: no allocator was named: malloc's blocks are the C "
                           "library's: mallinfo2 counts them\n")


def test_verify_leaves_the_environment(built):
    """But for its own order: also where it was the only variable of all."""
    env = {"LD_PRELOAD": str(VERIFY), "CCMEM_RUN_ALLOCATOR": "system", "CCMEM_RUN_CHECK": "1",
           "A": "1"}
    done = run("/usr/bin/env", env=env)
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == sorted(
        f"{name}={value}" for name, value in env.items() if name != "CCMEM_RUN_CHECK")
