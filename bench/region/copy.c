/* SPDX-License-Identifier: MIT */
/* copy.c - 4096 bytes are copied into a new block, which is released.
 *
 * The size is not known to the compiler, so the C library's memcpy copies for everyone who leaves
 * copying to it. The floor copies into one buffer that is always there.
 */
#include "regions.h"

#ifdef CONTESTANT_IN_RUST
RUST_LOOP(copy_4096)
#else
static unsigned char source[4096] __attribute__((aligned(64)));

static void copy_4096(uint64_t ops)
{
    REGION_OF(4096);
    for (uint64_t i = 0; i < ops; i++) {
        size_t size = ccbench_opaque(sizeof source);
        void  *p    = COPY(source, size);
        ccbench_escape(p);
        FREE(p, size);
        RELEASE();
    }
}
#endif

static const ccbench_case_t cases[] = {
    { "copy-4096", "4096 bytes copied into a block", NULL, copy_4096, NULL },
};

int main(int argc, char **argv)
{
    REGION_BEGIN();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
