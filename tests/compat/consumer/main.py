# SPDX-License-Identifier: MIT
"""The same without a compiler: libccmem opened while the process runs, and used from threads."""
import ctypes
import sys
import threading

library = ctypes.CDLL(sys.argv[1])
library.cc_version.restype = ctypes.c_char_p
library.cc_alloc.restype = ctypes.c_void_p
library.cc_alloc.argtypes = [ctypes.c_size_t]
library.cc_free.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
library.cc_free.restype = None


def work(failures):
    for size in (1, 16, 100, 4096, 5000, 1 << 20):
        blocks = [library.cc_alloc(size) for _ in range(100)]
        if None in blocks or len(set(blocks)) != len(blocks):
            failures.append(size)
        for block in blocks:
            ctypes.memset(block, 0x5A, size)
            library.cc_free(block, size)


failed = []
threads = [threading.Thread(target=work, args=(failed,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if failed:
    sys.exit(f"consumer: wrong blocks of sizes {failed}")
print(library.cc_version().decode())
