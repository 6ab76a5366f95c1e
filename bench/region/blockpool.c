/* SPDX-License-Identifier: MIT */
/* blockpool.c - blocks of one size and of many, on one thread and from one to another.
 *
 * One operation is one block on its whole way. Batches on one thread are freed in the order in which
 * they were allocated.
 */
#include "blocks.h"

#include <handover.h>
#include <random.h>

enum { BATCH = 64, SIZES = HANDOVER_BATCH };

static uint16_t sizes[SIZES]; /* from 16 to 1024 */

HANDOVER(64, 64)
HANDOVER(mixed, sizes[i])

#define BATCH_OF(name, size)                        \
    static void batch_##name(uint64_t ops)          \
    {                                               \
        void *block[BATCH];                         \
                                                    \
        for (uint64_t n = 0; n < ops; n += BATCH) { \
            for (size_t i = 0; i < BATCH; i++)      \
                block[i] = touched(ALLOC(size));    \
            ccbench_escape(block);                  \
            for (size_t i = 0; i < BATCH; i++)      \
                FREE(block[i], size);               \
        }                                           \
    }

BATCH_OF(64, 64)
BATCH_OF(mixed, sizes[i])

static const ccbench_case_t cases[] = {
    { "blockpool-handover-64", "64 bytes allocated here and freed there", handover_64_begin,
      handover_run, handover_end },
    { "blockpool-handover-mixed", "16 to 1024 bytes allocated here and freed there",
      handover_mixed_begin, handover_run, handover_end },
    { "blockpool-batch-64", "64 blocks of 64 bytes and back", NULL, batch_64, NULL },
    { "blockpool-batch-mixed", "64 blocks of 16 to 1024 bytes and back", NULL, batch_mixed, NULL },
};

int main(int argc, char **argv)
{
    uint64_t state = 1;

    for (size_t i = 0; i < SIZES; i++)
        sizes[i] = (uint16_t)(16 + random_below(&state, 1024 - 16 + 1));
    blocks_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
