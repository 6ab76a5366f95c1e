#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libccmem_preload.so may be put into any program.

It needs libc and nothing else (libgcc_s and libunwind would replace the unwinder of the whole
program, libm and the like would be loaded into programs that do not use them), exports only
names that it interposes, binds at once, cannot be unloaded, and has no TLS that is allocated at
first use."""
import ctypes.util
import pathlib
import subprocess
import sys

import elf
import tree

LIBRARY = tree.ROOT / "build/lib/libccmem_preload.so"
ALLOWED = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
# Not of this libc but still interposed: C23's functions and the operators of C++. And the
# recorder's own handshake.
NEWER = {"free_sized", "free_aligned_sized"}
PREFIXES = ("_Zn", "_Zd", "ccmem_")


def libc_path():
    """The libc that the compiler links."""
    run = subprocess.run(["cc", "-print-file-name=" + ctypes.util.find_library("c")], check=True,
                         capture_output=True, text=True)
    return pathlib.Path(run.stdout.strip()).resolve()


def problems():
    for name in sorted(elf.needed(LIBRARY) - ALLOWED):
        yield f"needs {name}"
    exported = elf.symbols(LIBRARY, defined=True)
    for name in sorted(exported - elf.symbols(libc_path(), defined=True) - NEWER):
        if not name.startswith(PREFIXES):
            yield f"exports {name}, which libc has not"
    if "malloc" not in exported:
        yield "does not interpose malloc"
    flags = elf.flags(LIBRARY)
    for flag, meaning in (("NOW", "does not bind at once"), ("NODELETE", "can be unloaded")):
        if flag not in flags:
            yield meaning
    if "TEXTREL" in flags:
        yield "has text relocations"
    if elf.stack_is_executable(LIBRARY):
        yield "asks for an executable stack"
    if "__tls_get_addr" in elf.symbols(LIBRARY, defined=False):
        yield "has TLS that is allocated at first use (-ftls-model=initial-exec is missing)"


if not LIBRARY.exists():
    sys.exit(f"check-preload: {LIBRARY}: not built")
tree.finish("check-preload", [f"{LIBRARY.name} {problem}" for problem in problems()],
            f"{LIBRARY.name} needs libc only")
