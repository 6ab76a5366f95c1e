# SPDX-License-Identifier: MIT
"""ccmem info at the command line: the fields of its JSON, text that says the same, what it tells of
another allocator, and what it says when something is not to be had."""
import ctypes
import json
import os
import pathlib
import platform
import re
import shutil

import pytest

from recording import BUILD, CCMEM, PROJECT, environment, run

ALL = ("system", "mimalloc", "jemalloc", "tcmalloc")
FIELDS = {
    "allocator": "requested claimed serving version verified method reason",
    "backend": "name reason",
    "policy": "platform default",
    "system": "cpu_count cache_line page_size thp memory_total_bytes memory_available_bytes "
              "ccmem_version build_type"}
OF_EACH_BACKEND = "name available cc_alloc version path reason"


def info(*options, **changes):
    done = run(CCMEM, "info", "--format", "json", *options, env=environment(**changes))
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def backends(said):
    return {backend["name"]: backend for backend in said["backends"]}


# ---- JSON


def test_the_fields(built):
    said = info()
    assert list(said) == ["schema", "allocator", "backend", "backends", "policy", "system"]
    assert said["schema"] == "ccmem-info/1"
    for name, fields in FIELDS.items():
        assert list(said[name]) == fields.split()
    assert [list(backend) for backend in said["backends"]] == [OF_EACH_BACKEND.split()] * 4


def test_this_process(built):
    said = info()["allocator"]
    assert said["serving"] == "system" and said["verified"] is True
    assert said["requested"] is None
    assert said["version"] == platform.libc_ver()[1]
    assert os.path.samefile(said["claimed"], libc())
    assert said["method"] and said["reason"]


def libc():
    maps = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8")
    return re.search(r"\S*/libc\.so\.6$", maps, re.MULTILINE)[0]


def test_the_system(built):
    said = info()["system"]
    assert said["cpu_count"] == len(os.sched_getaffinity(0))
    assert said["page_size"] == os.sysconf("SC_PAGE_SIZE")
    assert said["cache_line"] in (32, 64, 128, 256)
    assert said["thp"] in ("always", "madvise", "never", None)
    machine = os.sysconf("SC_PHYS_PAGES") * said["page_size"]
    assert 0 < said["memory_available_bytes"] <= said["memory_total_bytes"] <= machine
    version = re.findall(r"^#define CC_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$",
                         (PROJECT / "include/ccmem/version.h").read_text(encoding="utf-8"),
                         re.MULTILINE)
    assert said["ccmem_version"] == ".".join(version)
    cache = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
    assert said["build_type"] == re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", cache,
                                           re.MULTILINE)[1].lower()


def test_fewer_processors(built):
    cpu = min(os.sched_getaffinity(0))
    done = run("taskset", "-c", cpu, CCMEM, "info", "--format", "json")
    assert json.loads(done.stdout)["system"]["cpu_count"] == 1


def test_the_policy(built):
    assert info()["policy"] == {"platform": "Linux", "default": "jemalloc"}


def test_what_there_is(built):
    said = backends(info())
    assert tuple(said) == ALL
    for name, backend in said.items():
        assert backend["available"], name
        assert pathlib.Path(backend["path"]).is_file()
        assert re.search(r"\d+\.\d+", backend["version"])
        assert (backend["reason"] is None) == backend["cc_alloc"]


def test_jemalloc_is_for_run_and_not_for_cc_alloc(built):
    """The loader has no room for its thread-local data once a process runs."""
    said = backends(info())["jemalloc"]
    assert (said["available"], said["cc_alloc"]) == (True, False)
    assert "glibc.rtld.optional_static_tls" in said["reason"]
    assert "ccmem run" in said["reason"]
    with pytest.raises(OSError, match="static TLS"):
        ctypes.CDLL(said["path"])


def test_jemalloc_with_room_for_it(built):
    said = backends(info(GLIBC_TUNABLES="glibc.rtld.optional_static_tls=4096"))["jemalloc"]
    assert (said["available"], said["cc_alloc"], said["reason"]) == (True, True, None)


def test_versions_do_not_depend_on_who_asks(built):
    told = {name: info("--allocator", name)["allocator"]["version"] for name in ALL}
    assert told == {name: backend["version"] for name, backend in backends(info()).items()}


# ---- cc_alloc's backend


def test_the_backend_by_default(built):
    said = info()["backend"]
    assert said["name"] == "mimalloc" and said["reason"]


def test_the_backend_by_the_environment(built):
    said = info(CCMEM_BACKEND="tcmalloc")["backend"]
    assert said["name"] == "tcmalloc" and "CCMEM_BACKEND" in said["reason"]


def test_a_backend_that_is_not_to_be_had(built):
    done = run(CCMEM, "info", "--format", "json", env=environment(CCMEM_BACKEND="jemalloc"))
    assert done.returncode == 0
    assert done.stderr.startswith("ccmem: backend: ") and done.stderr.count("\n") == 1
    said = json.loads(done.stdout)["backend"]
    assert said["name"] == "mimalloc" and "static_tls" in said["reason"]


# ---- another allocator


@pytest.mark.parametrize("name", ALL)
def test_about_another_allocator(built, name):
    said = info("--allocator", name)
    assert said["allocator"]["requested"] == said["allocator"]["serving"] == name
    assert said["allocator"]["verified"] is True
    assert said["allocator"]["claimed"] == backends(said)[name]["path"]
    assert backends(said)[name]["cc_alloc"]


@pytest.mark.parametrize("name", ALL)
def test_it_tells_what_run_would(built, name):
    done = run(CCMEM, "run", "--allocator", name, "--", CCMEM, "info")
    assert without_what_moves(done.stdout) == without_what_moves(
        run(CCMEM, "info", "--allocator", name).stdout)


def without_what_moves(text):
    return re.sub(r"^  Available .*\n", "", text, flags=re.MULTILINE)


def test_what_was_requested_and_does_not_serve(built):
    done = run(CCMEM, "info", "--format", "json", env=environment(CCMEM_RUN_ALLOCATOR="mimalloc"))
    assert done.returncode == 0
    said = json.loads(done.stdout)["allocator"]
    assert (said["requested"], said["serving"], said["verified"]) == ("mimalloc", "system", False)
    text = run(CCMEM, "info", env=environment(CCMEM_RUN_ALLOCATOR="mimalloc")).stdout
    assert rows(text, "Allocator of this process")["Verified"].split(",")[0] == "no"


def test_system_is_refused_where_another_serves(built):
    library = backends(info())["mimalloc"]["path"]
    done = run(CCMEM, "info", "--allocator", "system", env=environment(LD_PRELOAD=library))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("ccmem: run: system: ")


# ---- one line


@pytest.mark.parametrize("name", ALL)
def test_short(built, name):
    said = info("--allocator", name)["allocator"]
    assert run(CCMEM, "info", "--short", "--allocator", name).stdout == (
        f"{name}\t{said['version']}\t{said['claimed']}\n")


# ---- text


def rows(text, heading):
    """{label: words} below a heading."""
    block = text.split(f"{heading}\n")[1].split("\n\n")[0]
    return {line[2:18].strip(): line[19:] for line in block.splitlines()}


def in_bytes(count):
    """As the reports write it."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    unit = 0
    while count >= (1024 if unit == 0 else 1023.5):
        count /= 1024
        unit += 1
    digits = 0 if unit == 0 or count >= 99.95 else 1 if count >= 9.995 else 2
    return f"{count:.{digits}f} {units[unit]}"


@pytest.mark.parametrize("options", [(), ("--allocator", "jemalloc")])
def test_text_says_what_json_says(built, options):
    said, text = info(*options), run(CCMEM, "info", *options).stdout
    allocator = rows(text, "Allocator of this process")
    for label, field in (("Serving", "serving"), ("Version", "version"), ("Reason", "reason"),
                         ("malloc is in", "claimed")):
        assert allocator[label] == said["allocator"][field]
    assert allocator.get("Requested") == said["allocator"]["requested"]
    assert allocator["Verified"] == f"yes, by {said['allocator']['method']}"
    assert rows(text, "Under cc_alloc") == {"Backend": said["backend"]["name"],
                                            "Reason": said["backend"]["reason"]}
    system = rows(text, "System")
    assert system["Processors"] == str(said["system"]["cpu_count"])
    assert system["Cache line"] == in_bytes(said["system"]["cache_line"])
    assert system["Page"] == in_bytes(said["system"]["page_size"])
    assert system["Huge pages"] == (said["system"]["thp"] or "-")
    assert system["Memory"] == in_bytes(said["system"]["memory_total_bytes"])
    assert system["Available"].endswith("iB")
    assert (system["ccmem"], system["Build"]) == (said["system"]["ccmem_version"],
                                                  said["system"]["build_type"])


def test_text_has_every_allocator(built):
    said, text = info(), run(CCMEM, "info").stdout
    table = text.split("\nAllocators\n")[1].split("\n\n")[0].splitlines()
    assert table[0].split() == ["name", "run", "cc_alloc", "version", "file"]
    assert table[-1].split() == ["Policy", said["policy"]["default"], "on",
                                 said["policy"]["platform"]]
    expected = []
    for backend in said["backends"]:
        expected.append([backend["name"], *("yes" if backend[use] else "no"
                                            for use in ("available", "cc_alloc")),
                         *backend["version"].split(), backend["path"]])
        if backend["reason"]:
            expected.append(backend["reason"].split())
    assert [line.split() for line in table[1:-1]] == expected


def test_no_colours_where_no_terminal_is(built):
    assert "\x1b" not in run(CCMEM, "info").stdout


# ---- wrong usage, and other trouble


@pytest.mark.parametrize("options, why", [
    (("--format", "jsn"), "--format jsn: no such format; json is one"),
    (("--format", "yaml!"), "--format yaml!: no such format; available: text, json"),
    (("--short", "--format", "json"), "--short: goes without --format"),
    (("--allocator", "jemaloc"), "jemaloc: no such allocator; jemalloc is one"),
    (("--allocator", "jemalloc", "--format", "jsn"), "--format jsn: no such format; json is one"),
    (("--shrt",), "--shrt: no such option; --short is one"),
    (("mimalloc",), "mimalloc: one argument too many; usage: ccmem info [--allocator NAME] "
                    "[--format text|json | --short]")])
def test_wrong_usage(built, options, why):
    done = run(CCMEM, "info", *options)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"ccmem: info: {why}\n")


@pytest.mark.parametrize("options", [(), ("--format", "json"), ("--short",)])
def test_output_that_cannot_be_written(built, options):
    done = run("sh", "-c", '"$0" info "$@" >/dev/full', CCMEM, *options)
    assert (done.returncode, done.stderr) == (
        4, "ccmem: info: standard output: No space left on device\n")


def test_an_allocator_that_is_installed_nowhere(built, tmp_path):
    """Its library is known by a name that no file has."""
    (tmp_path / "bin").mkdir()
    ccmem = tmp_path / "bin/ccmem"
    ccmem.write_bytes(CCMEM.read_bytes().replace(b"libtcmalloc", b"libtcmalloX"))
    ccmem.chmod(0o755)
    done = run(ccmem, "info", "--format", "json")
    said = backends(json.loads(done.stdout))["tcmalloc"]
    assert (said["available"], said["cc_alloc"]) == (False, False)
    assert (said["version"], said["path"]) == (None, None)
    assert said["reason"].startswith("not installed: there is no ")


def test_a_library_that_does_not_load(built, tmp_path):
    (tmp_path / "libmimalloc.so.2").write_bytes(b"no library\n" * 100)
    said = info(LD_LIBRARY_PATH=tmp_path)
    mimalloc = backends(said)["mimalloc"]
    assert (mimalloc["available"], mimalloc["cc_alloc"]) == (False, False)
    assert "invalid ELF header" in mimalloc["reason"]
    assert said["backend"]["name"] == "system" and "invalid ELF header" in said["backend"]["reason"]


def test_jemalloc_is_not_available_where_its_start_fails(built, tmp_path):
    """Without the library that verifies nothing can be started, and that is no crash."""
    shutil.copytree(BUILD / "bin", tmp_path / "bin", ignore=shutil.ignore_patterns("[!c]*"))
    done = run(tmp_path / "bin/ccmem", "info", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    said = backends(json.loads(done.stdout))["jemalloc"]
    assert (said["available"], said["version"]) == (False, None)
