/* SPDX-License-Identifier: MIT */
/* kinds.c - the hot pair of the other ways to allocate: zeroed, aligned to a line or to a page, and
 * nodes. Each against the same of the others, which for a node is a block aligned to a line.
 */
#include "contestant.h"

enum { PAGE = 4096 };

#define KIND(name, n, allocate, release)     \
    static void name##_##n(uint64_t ops)     \
    {                                        \
        for (uint64_t i = 0; i < ops; i++) { \
            void *p = touched(allocate);     \
            ccbench_escape(p);               \
            release;                         \
            ccbench_escape(p);               \
        }                                    \
    }

#define KINDS(n)                                              \
    KIND(zeroed, n, ZEROED(n), FREE(p, n))                    \
    KIND(line, n, ALIGNED(n, LINE), FREE_ALIGNED(p, n, LINE)) \
    KIND(page, n, ALIGNED(n, PAGE), FREE_ALIGNED(p, n, PAGE)) \
    KIND(node, n, NODE(n), FREE_NODE(p, n))

KINDS(64)
KINDS(192)
KINDS(1024)

static const ccbench_case_t cases[] = {
    { "calloc-64", "64 bytes, all zero", NULL, zeroed_64, NULL },
    { "calloc-192", "192 bytes, all zero", NULL, zeroed_192, NULL },
    { "calloc-1024", "1024 bytes, all zero", NULL, zeroed_1024, NULL },
    { "aligned-64-to-64", "64 bytes aligned to 64", NULL, line_64, NULL },
    { "aligned-192-to-64", "192 bytes aligned to 64", NULL, line_192, NULL },
    { "aligned-1024-to-64", "1024 bytes aligned to 64", NULL, line_1024, NULL },
    { "aligned-64-to-4096", "64 bytes aligned to 4096", NULL, page_64, NULL },
    { "aligned-192-to-4096", "192 bytes aligned to 4096", NULL, page_192, NULL },
    { "aligned-1024-to-4096", "1024 bytes aligned to 4096", NULL, page_1024, NULL },
    { "node-64", "a node of 64 bytes", NULL, node_64, NULL },
    { "node-192", "a node of 192 bytes", NULL, node_192, NULL },
    { "node-1024", "a node of 1024 bytes", NULL, node_1024, NULL },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
