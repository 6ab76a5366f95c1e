#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The libraries that get into programs may be put into any.

Those that are preloaded need libc and nothing else (libgcc_s and libunwind would replace the unwinder
of the whole program, libm and the like would be loaded into programs that do not use them).
libccmem_preload.so exports only names that it interposes, libccmem_verify.so nothing. libccmem.so
needs libm besides; libdw and all that comes with it is what libccmem_report.so is for, which exports
its table. All but libccmem.so bind at once; none can be unloaded, or has TLS that is allocated
at first use."""
import ctypes.util
import pathlib
import subprocess
import sys

import elf
import tree

RECORDER = tree.ROOT / "build/lib/libccmem_preload.so"
VERIFIER = tree.ROOT / "build/lib/libccmem_verify.so"
PUBLIC = tree.ROOT / "build/lib/libccmem.so"
PLUGIN = tree.ROOT / "build/lib/libccmem_report.so"
LIBC = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
MORE = {PUBLIC: {"libm.so.6"},
        PLUGIN: {"libm.so.6", "libz.so.1", "libdw.so.1", "libelf.so.1"}}
# Not of this libc but still interposed: C23's functions and the operators of C++. And the
# recorder's own handshake.
NEWER = {"free_sized", "free_aligned_sized"}
PREFIXES = ("_Zn", "_Zd", "ccmem_")


def libc_path():
    """The libc that the compiler links."""
    run = subprocess.run(["cc", "-print-file-name=" + ctypes.util.find_library("c")], check=True,
                         capture_output=True, text=True)
    return pathlib.Path(run.stdout.strip()).resolve()


def problems_of_any(library):
    for name in sorted(elf.needed(library) - LIBC - MORE.get(library, set())):
        yield f"needs {name}"
    flags = elf.flags(library)
    if library != PUBLIC and "NOW" not in flags:
        yield "does not bind at once"
    if "NODELETE" not in flags:
        yield "can be unloaded"
    if "TEXTREL" in flags:
        yield "has text relocations"
    if elf.stack_is_executable(library):
        yield "asks for an executable stack"
    if "__tls_get_addr" in elf.symbols(library, defined=False):
        yield "has TLS that is allocated at first use (-ftls-model=initial-exec is missing)"


def problems_of_recorder():
    exported = elf.symbols(RECORDER, defined=True)
    for name in sorted(exported - elf.symbols(libc_path(), defined=True) - NEWER):
        if not name.startswith(PREFIXES):
            yield f"exports {name}, which libc has not"
    if "malloc" not in exported:
        yield "does not interpose malloc"


def problems_of_plugin():
    exported = elf.symbols(PLUGIN, defined=True)
    if exported != {"ccmem_report_plugin"}:
        yield f"exports {sorted(exported)}, not its table alone"


def problems_of_verifier():
    for name in sorted(elf.symbols(VERIFIER, defined=True)):
        yield f"exports {name}"


def main():
    problems = []
    for library, more in ((RECORDER, problems_of_recorder), (VERIFIER, problems_of_verifier),
                          (PLUGIN, problems_of_plugin), (PUBLIC, tuple)):
        if not library.exists():
            sys.exit(f"check-preload: {library}: not built")
        problems += [f"{library.name} {problem}"
                     for problem in (*problems_of_any(library), *more())]
    tree.finish("check-preload", problems,
                f"{RECORDER.name} and {VERIFIER.name} need libc only, {PUBLIC.name} no libdw")


main()
