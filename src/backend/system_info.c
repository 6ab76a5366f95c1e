/* SPDX-License-Identifier: MIT */
/* backend/system_info.c - the machine and the policy, in the words of ccmem/info.h. */
#include <string.h>
#include <ccmem/alloc.h>
#include <ccmem/info.h>
#include <ccmem/version.h>
#include "prim/pages.h"
#include "prim/system.h"

/* The default allocator of a whole program, by platform; the last is for all others. */
static const struct {
    const char *platform, *allocator;
} policy[] = {
    { "Linux", "jemalloc" },
    { "macOS", "mimalloc" },
    { "Windows", "mimalloc" },
    { "Unix", "jemalloc" },
};

const char *cc_allocator_policy(const char **platform)
{
    const size_t last = sizeof policy / sizeof *policy - 1;
    size_t       i    = 0;

    while (i < last && strcmp(policy[i].platform, cci_platform()) != 0)
        i++;
    if (platform)
        *platform = policy[i].platform;
    return policy[i].allocator;
}

/* Lower case, as CMake's names are not: "Release" -> "release". */
static const char *build_type(void)
{
    static const char *const types[][2] = {
        { "Release", "release" },
        { "Debug", "debug" },
        { "RelWithDebInfo", "relwithdebinfo" },
        { "MinSizeRel", "minsizerel" },
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i][0], CCMEM_BUILD_TYPE) == 0)
            return types[i][1];
    return CCMEM_BUILD_TYPE;
}

void cc_system_info(cc_system_info_t *out)
{
    cci_memory_t memory = cci_memory("");
    unsigned     line   = cci_cache_line();

    *out = (cc_system_info_t){
        .ccmem_version          = cc_version(),
        .build_type             = build_type(),
        .cpu_count              = cci_cpu_count(),
        .cache_line             = line ? line : CC_CACHE_LINE_SIZE,
        .page_size              = cci_page_size(),
        .memory_total_bytes     = memory.total,
        .memory_available_bytes = memory.available,
    };
    cci_huge_pages(out->thp, sizeof out->thp);
}
