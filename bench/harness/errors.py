# SPDX-License-Identifier: MIT
"""One exception for everything that ends a run; main() turns it into a line and an exit code."""

import difflib

USAGE = 2
MISSING = 3
REFUSED = 4


class BenchError(Exception):
    """what went wrong and why, as words for a person; detail is printed below the line."""

    def __init__(self, code, what, why, detail=""):
        super().__init__(f"ccmem: bench: {what}: {why}")
        self.code = code
        self.detail = detail


def unknown(kind, word, known):
    """The refusal of a word that is none of the known ones, with the nearest of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    why = f"did you mean '{near[0]}'?" if near else "known: " + ", ".join(known)
    return BenchError(USAGE, f"unknown {kind} '{word}'", why)
