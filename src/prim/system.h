/* SPDX-License-Identifier: MIT */
/* prim/system.h - the machine as this process may use it. */
#ifndef CCI_PRIM_SYSTEM_H
#define CCI_PRIM_SYSTEM_H
#include <stddef.h>
#include <stdint.h>

/* Bytes; 0 is unknown. */
typedef struct cci_memory {
    uint64_t total, available;
} cci_memory_t;

/* Processors that the calling thread may run on; 0 unknown. */
unsigned cci_cpu_count(void);

/* Bytes of a line of the first data cache; 0 unknown. */
unsigned cci_cache_line(void);

/* "always", "madvise", "never" as the kernel has it in brackets, or "". */
void cci_huge_pages(char *out, size_t capacity);

/* "Linux"; never NULL. */
const char *cci_platform(void);

/* The smaller of what the machine has, and what the control groups of this process, of either
 * version, let it have. root: "" or a folder with another machine's /proc and /sys. */
cci_memory_t cci_memory(const char *root);

#endif
