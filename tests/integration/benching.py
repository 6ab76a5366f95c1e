# SPDX-License-Identifier: MIT
"""Runs a group of bench/run.py with stand-ins for its programs, whose figures are known. For the
tests of this folder."""
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "bench"))

from harness import result  # noqa: E402


def bench(*args, **options):
    argv = ["/usr/bin/python3", ROOT / "bench/run.py", *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, **options)


def install(build, group, scripts):
    """{program: text} into the group's folder of a build, which is returned."""
    folder = build / "bench" / group
    folder.mkdir(parents=True)
    for name, text in scripts.items():
        path = folder / name
        path.write_text(text)
        path.chmod(0o755)
    return build


def run_whole(build, group, *args):
    """The results of a quick run, and what was said beside them."""
    done = bench(group, "--quick", *args, "--build", build, "--json", build / "out.json")
    assert done.returncode == 0, done.stderr
    doc = json.loads((build / "out.json").read_text())
    assert result.fault_of(doc) is None
    return doc["results"], done.stderr


def check_rate(results, name, baseline, ratio, bar, met):
    found, = (r for r in results if r["name"] == name)
    assert found["baseline"] == baseline and found["ratio_median"] == pytest.approx(ratio)
    assert found["better"] == "higher" and found["bar"] == bar and found["met"] is met


def check_names(whole, missing):
    """No result comes twice, and peers that are missing are said, and in none of them."""
    names = [r["name"] for r in whole[0]]
    assert len(names) == len(set(names))
    for name in missing:
        assert f"ccmem: bench: {name} is left out" in whole[1]
        assert not any(name in n.split("/") for n in names)
