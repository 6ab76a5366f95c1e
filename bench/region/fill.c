/* SPDX-License-Identifier: MIT */
/* fill.c - a buffer is allocated, filled and released: what a program does for a line, a packet.
 *
 * The size is not known to the compiler, as that of a buffer is not; so the C library's memset
 * fills it for everyone. The floor fills one buffer that is always there.
 */
#include "regions.h"

#ifdef CONTESTANT_IN_RUST
#define FILL_OF(n) RUST_LOOP(fill_##n)
#else
#define FILL_OF(n)                           \
    static void fill_##n(uint64_t ops)       \
    {                                        \
        REGION_OF(n);                        \
        for (uint64_t i = 0; i < ops; i++) { \
            size_t size = ccbench_opaque(n); \
            void  *p    = ALLOC(size);       \
            memset(p, 0xab, size);           \
            ccbench_escape(p);               \
            FREE(p, size);                   \
            RELEASE();                       \
        }                                    \
    }
#endif

FILL_OF(48)
FILL_OF(256)
FILL_OF(4096)

static const ccbench_case_t cases[] = {
    { "fill-48", "a buffer of 48 bytes, filled and released", NULL, fill_48, NULL },
    { "fill-256", "a buffer of 256 bytes, filled and released", NULL, fill_256, NULL },
    { "fill-4096", "a buffer of 4096 bytes, filled and released", NULL, fill_4096, NULL },
};

int main(int argc, char **argv)
{
    REGION_BEGIN();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
