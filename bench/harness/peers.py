# SPDX-License-Identifier: MIT
"""Versions of peers that are no packages of the system."""

import re

from .machine import first_line
from .options import ROOT

CRATE = ROOT / "bench" / "crossbeam" / "Cargo.toml"


def crates(*names):
    """Those of Rust, and of what was written in it."""
    versions = dict(re.findall(r'^([\w-]+) = "=([\d.]+)"', CRATE.read_text(), re.MULTILINE))
    return {"rustc": first_line(["rustc", "--version"]), **{n: versions[n] for n in names}}


def java():
    return {"java": first_line(["java", "--version"])}
