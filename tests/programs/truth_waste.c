/* SPDX-License-Identifier: MIT */
/* truth_waste COUNT SIZE: allocates COUNT blocks of SIZE bytes, writes to them, frees every second
 * one, and ends. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static char **blocks;

int main(int argc, char **argv)
{
    long   count = argc > 2 ? atol(argv[1]) : 1000;
    size_t size  = argc > 2 ? (size_t)atol(argv[2]) : 1000;

    blocks = malloc((size_t)count * sizeof *blocks);
    assert(blocks);
    for (long i = 0; i < count; i++) {
        blocks[i] = malloc(size);
        assert(blocks[i]);
        memset(blocks[i], 1, size);
    }
    for (long i = 0; i < count; i += 2)
        free(blocks[i]);
    return 0;
}
