# SPDX-License-Identifier: MIT
"""One line of progress on a terminal, nothing anywhere else."""

import os
import sys


class Progress:
    def __init__(self, quiet=False, stream=sys.stderr):
        self.stream = stream
        self.shown = not quiet and stream.isatty() and os.environ.get("TERM") != "dumb"

    def say(self, text):
        if self.shown:
            self.stream.write(f"\r\033[K{text}")
            self.stream.flush()

    def clear(self):
        self.say("")
