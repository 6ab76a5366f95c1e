/* SPDX-License-Identifier: MIT */
/* Command buffers of a terminal: fifty, and no more. When they run out the program says so and goes
 * on; a buffer that is given back twice is refused, also in a release build. */
#include <stdio.h>
#include <ccmem/pool.h>

enum { SCREEN = 24 * 80, BUFFERS = 50, COMMANDS = 1000, IN_FLIGHT = 60 };

/* Commands are answered in bursts: up to IN_FLIGHT are taken on, and then all that have a
 * buffer are done. */
static size_t run_bursts(cc_pool_t *pool)
{
    char  *buffer[IN_FLIGHT];
    size_t refused = 0;

    for (int command = 0; command < COMMANDS;) {
        size_t count = 0;
        for (int n = 0; n < IN_FLIGHT && command < COMMANDS; n++, command++) {
            char *b = cc_pool_alloc(pool);
            if (!b) {
                refused++;
                continue;
            }
            snprintf(b, SCREEN, "command %d", command);
            buffer[count++] = b;
        }
        while (count)
            if (cc_pool_free(pool, buffer[--count]) != CC_RESULT_OK)
                return 0;
    }
    return refused;
}

int main(void)
{
    static unsigned char memory[BUFFERS * (SCREEN + 16) + 64];
    cc_pool_t            pool;

    /* The pool lives in memory of the program's own: nothing is allocated at all. */
    if (cc_pool_init_in(&pool, memory, sizeof memory, SCREEN, 16) != CC_RESULT_OK)
        return 1;
    size_t refused = run_bursts(&pool);

    char       *b    = cc_pool_alloc(&pool);
    cc_result_t once = cc_pool_free(&pool, b), twice = cc_pool_free(&pool, b);
    printf("given back twice: %s\n", cc_result_text(twice));

    cc_pool_stats_t s = cc_pool_stats(&pool);
    printf("%zu buffers, at most %zu in use, %llu refused, %.0f %% reused\n", s.count, s.peak,
           (unsigned long long)s.exhausted_count,
           100.0 * (double)s.reuse_count / (double)s.alloc_count);
    cc_pool_fini(&pool);
    return refused && s.exhausted_count == refused && s.peak == s.count && once == CC_RESULT_OK &&
                   twice == CC_RESULT_DOUBLE_FREE
               ? 0
               : 1;
}
