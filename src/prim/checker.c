/* SPDX-License-Identifier: MIT */
/* prim/checker.c - see prim/checker.h.
 *
 * A sanitizer's run-time has a function of a known name. A tool of Valgrind that replaces malloc
 * brings an object of its own, vgpreload_memcheck-... and the like, into the process; one that only
 * counts instructions (callgrind) has none but vgpreload_core, and is told no lies.
 */
#define _GNU_SOURCE
#include "prim/checker.h"
#include <link.h>
#include <stddef.h>
#include <string.h>

#define WEAK __attribute__((weak))
WEAK void __asan_init(void);
WEAK void __hwasan_init(void);
WEAK void __msan_init(void);
WEAK void __tsan_init(void);
WEAK void __lsan_init(void);

static int is_valgrinds(struct dl_phdr_info *info, size_t size, void *unused)
{
    static const char prefix[] = "vgpreload_", core[] = "vgpreload_core";
    const char       *slash = strrchr(info->dlpi_name, '/');
    const char       *file  = slash ? slash + 1 : info->dlpi_name;

    (void)size, (void)unused;
    return strncmp(file, prefix, sizeof prefix - 1) == 0 &&
           strncmp(file, core, sizeof core - 1) != 0;
}

bool cci_valgrind_replaces_malloc(void)
{
    return dl_iterate_phdr(is_valgrinds, NULL) != 0;
}

const char *cci_checker(void)
{
    if (__asan_init)
        return "AddressSanitizer";
    if (__hwasan_init)
        return "HWAddressSanitizer";
    if (__msan_init)
        return "MemorySanitizer";
    if (__tsan_init)
        return "ThreadSanitizer";
    if (__lsan_init)
        return "LeakSanitizer";
    return cci_valgrind_replaces_malloc() ? "Valgrind" : NULL;
}
