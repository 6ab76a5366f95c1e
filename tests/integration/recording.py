# SPDX-License-Identifier: MIT
"""Runs programs under ccmem and asks their reports. For the tests of this folder.

CCMEM_BUILD_DIR names the build to test; without it, build/ of the project."""
import json
import os
import pathlib
import re
import subprocess

PROJECT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("CCMEM_BUILD_DIR", PROJECT / "build")).resolve()
CCMEM = BUILD / "bin/ccmem"
PRELOAD = BUILD / "lib/libccmem_preload.so"
PROGRAMS = BUILD / "tests/programs"
SOURCES = PROJECT / "tests/programs"
TIMEOUT = 120
MODES = ("full", "sample", "count")


def environment(**changes):
    """The tests' own environment without what would change a recording; None removes."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("CCMEM_") and k not in ("LD_PRELOAD", "NO_COLOR")}
    env["LC_ALL"] = "C.UTF-8"
    env.update({k: str(v) for k, v in changes.items() if v is not None})
    return {k: v for k, v in env.items() if changes.get(k, v) is not None}


def run(*command, text=True, timeout=TIMEOUT, env=None, **more):
    """A finished process, whatever its status."""
    return subprocess.run([str(c) for c in command], capture_output=True, text=text,
                          timeout=timeout, env=env if env is not None else environment(), **more)


def plain_name(function):
    """glibc's functions are called otherwise where its debug symbols are not installed:
    __GI__dl_allocate_tls, _dl_allocate_tls -> dl_allocate_tls."""
    return re.sub(r"^_*(GI_)?_*", "", function or "?")


class Site:
    """One stack that allocates."""

    def __init__(self, fields):
        self.__dict__.update(fields)
        self.functions = [f["function"] for f in self.frames]

    def module(self):
        """The file of the code that called malloc."""
        return self.frames[0]["module"]

    def passes(self, function):
        return any(plain_name(f) == function for f in self.functions)

    def lines(self):
        return [(f["function"], f["line"]) for f in self.frames]


class Report:
    """A ccmem-report/1 by attributes."""

    def __init__(self, fields):
        self.__dict__.update(fields)
        self.sites = [Site(s) for s in fields["sites"]]

    def own(self):
        """The sites where the program itself calls malloc."""
        return [s for s in self.sites if s.module() == self.program["exe"]]

    def others(self):
        return [s for s in self.sites if s.module() != self.program["exe"]]

    def through(self, function):
        return [s for s in self.sites if s.passes(function)]

    def site(self, function):
        """The one site whose innermost function has this name."""
        found = [s for s in self.sites if s.functions[0] == function]
        assert len(found) == 1, (function, [s.functions[:3] for s in self.sites])
        return found[0]


def total(sites, figure):
    return sum(getattr(s, figure) for s in sites)


def report_of(trace, *options):
    done = run(CCMEM, "report", trace, "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    return Report(json.loads(done.stdout))


def profile(folder, *command, options=(), name="trace", changes=None, status=0, **more):
    """Record a program, with changes to its environment, into folder/NAME.ccm; its process, and
    its report."""
    trace = pathlib.Path(folder) / f"{name}.ccm"
    done = run(CCMEM, "profile", "-q", "-f", "-o", trace, *options, "--", *command,
               env=environment(**(changes or {})), **more)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done, report_of(trace) if trace.exists() else None


def compile_program(folder, source, *flags, compiler="cc"):
    out = pathlib.Path(folder) / pathlib.Path(source).stem
    done = run(compiler, "-g", "-fno-builtin", "-pthread", *flags, source, "-o", out)
    assert done.returncode == 0, done.stderr
    return out
