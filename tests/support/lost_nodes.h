/* SPDX-License-Identifier: MIT */
/* lost_nodes.h - for tests that refuse memory to ccmem/smr.h: a node that is lost then is a leak to
 * AddressSanitizer; such tests count what is live themselves. */
#ifndef TEST_LOST_NODES_H
#define TEST_LOST_NODES_H

__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0:allocator_may_return_null=1";
}

#endif
