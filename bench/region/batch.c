/* SPDX-License-Identifier: MIT */
/* batch.c - 64 blocks are allocated and written to, then all are released: allocation alone.
 *
 * One operation is one block. Each is shown to somebody unknown, as in a program that passes it
 * on, so that no allocator but the floor keeps its state in registers. Contestants that free each
 * block by itself have to remember them.
 */
#include "regions.h"

enum { BATCH = 64 };

#ifdef CONTESTANT_IN_RUST
#define BATCH_OF(n) RUST_LOOP(batch_##n)
#else
static void *kept[BATCH];

#define BATCH_OF(n)                                          \
    static void batch_##n(uint64_t ops)                      \
    {                                                        \
        REGION_OF(n);                                        \
        for (uint64_t done = 0; done < ops; done += BATCH) { \
            for (size_t i = 0; i < BATCH; i++) {             \
                uint64_t *p = (uint64_t *)ALLOC(n);          \
                *p          = done;                          \
                ccbench_escape(p);                           \
                if (FREES_EACH)                              \
                    kept[i] = p;                             \
            }                                                \
            for (size_t i = 0; i < BATCH && FREES_EACH; i++) \
                FREE(kept[i], n);                            \
            RELEASE();                                       \
        }                                                    \
    }
#endif

BATCH_OF(16)
BATCH_OF(48)
BATCH_OF(256)

static const ccbench_case_t cases[] = {
    { "batch-16", "64 blocks of 16 bytes, released together", NULL, batch_16, NULL },
    { "batch-48", "64 blocks of 48 bytes, released together", NULL, batch_48, NULL },
    { "batch-256", "64 blocks of 256 bytes, released together", NULL, batch_256, NULL },
};

int main(int argc, char **argv)
{
    REGION_BEGIN();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
