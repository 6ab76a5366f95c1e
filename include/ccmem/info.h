/* SPDX-License-Identifier: MIT */
/* ccmem/info.h - which allocator serves this process, found by evidence; and the machine it is on.
 *
 * A symbol's name or a loaded file proves nothing: an allocator can be loaded and not serve, and
 * serve without a symbol. So blocks are allocated, and whose ownership test or counters answer for
 * them is the one that serves. Exactly one must answer; anything else is "unknown".
 *
 * Example:
 *   cc_allocator_info_t info;
 *   cc_allocator_info("jemalloc", &info);
 *   if (!info.verified)
 *       fprintf(stderr, "not on jemalloc but on %s: %s\n", info.serving, info.reason);
 *
 * Failure  none: what cannot be known is "unknown", NULL or 0.
 * Threads  any; the evidence allocates and frees two blocks of about 70 kB, a few times.
 */
#ifndef CC_INFO_H
#define CC_INFO_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
CC_BEGIN

enum { CC_INFO_REASON_MAX = 256, CC_INFO_PATH_MAX = 512, CC_INFO_VERSION_MAX = 64 };

/* What serves malloc, and how that is known. */
typedef struct cc_allocator_info {
    const char *requested; /* as asked for, "" when nothing was */
    const char *serving;   /* "system" "mimalloc" "jemalloc" "tcmalloc" "unknown": by evidence */
    const char *method;    /* whose answer that was, "mi_is_in_heap_region"; "" for unknown */
    bool verified; /* the evidence is clear, and is for what was asked for, if anything was */
    char claimed[CC_INFO_PATH_MAX];    /* the file the symbol malloc is in, "" unknown */
    char version[CC_INFO_VERSION_MAX]; /* of what serves, as it says itself; "" unknown */
    char reason[CC_INFO_REASON_MAX];   /* one sentence */
} cc_allocator_info_t;

/* Find out what serves this process' malloc. requested: the name that should; NULL is what `ccmem
 * run` asked for, if it started this process. Some microseconds. */
CC_API void cc_allocator_info(const char *requested, cc_allocator_info_t *out);

/* The allocator that the platform policy asks for here: jemalloc on Linux and other Unix systems,
 * mimalloc on macOS and Windows. platform, if not NULL, becomes the policy's name of this system.
 * O(1). */
CC_API const char *cc_allocator_policy(const char **platform);

/* The machine and this build. Bytes; 0 and "" are unknown. */
typedef struct cc_system_info {
    const char *ccmem_version;
    const char *build_type; /* "release", "debug", ... */
    unsigned    cpu_count;  /* that this process may run on */
    unsigned    cache_line;
    size_t      page_size;
    char        thp[16];            /* transparent huge pages: "always" "madvise" "never" "" */
    uint64_t    memory_total_bytes; /* the smaller of machine and control group */
    uint64_t    memory_available_bytes;
} cc_system_info_t;

/* Describe the system. Reads files under /proc and /sys. */
CC_API void cc_system_info(cc_system_info_t *out);

CC_END
#endif
