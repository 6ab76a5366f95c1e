/* SPDX-License-Identifier: MIT */
/* Log lines of all lengths go from a thread that makes them to one that writes them. They may have
 * 256 KiB together and no more: when the writer falls behind, lines are dropped and counted, and
 * the rest of the program keeps its memory. What was not written goes with the pool. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <ccmem/blockpool.h>
#include <ccmem/ring.h>

enum { LINES = 200000, LIMIT = 256 * 1024, QUEUE = 16 * 1024 };

typedef struct line {
    size_t   size; /* of all of it */
    unsigned number;
    char     text[];
} line_t;

static cc_blockpool_t lines;
static cc_ring_t      queue; /* of pointers to lines; a NULL is the end */

/* A line that says so often what it is that lengths differ; NULL: the pool is exhausted. */
static line_t *make_line(unsigned number)
{
    size_t  length = 40 + number % 500;
    line_t *line   = cc_blockpool_alloc(&lines, sizeof *line + length);

    if (line) {
        *line = (line_t){ .size = sizeof *line + length, .number = number };
        memset(line->text, 'a' + number % 26, length);
    }
    return line;
}

static void *write_lines(void *arg)
{
    size_t *written = arg;
    line_t *line;

    for (;;) {
        while (!cc_ring_try_read(&queue, &line, sizeof line))
            sched_yield();
        if (!line)
            return NULL;
        if (line->text[0] == (char)('a' + line->number % 26))
            ++*written;
        cc_blockpool_free(&lines, line, line->size);
    }
}

/* Returns how many were dropped. */
static size_t log_lines(void)
{
    size_t dropped = 0;

    for (unsigned i = 0; i < LINES; i++) {
        line_t *line = make_line(i);
        if (!line) {
            dropped++;
            continue;
        }
        while (!cc_ring_try_write(&queue, &line, sizeof line))
            sched_yield();
    }
    return dropped;
}

int main(void)
{
    size_t    written = 0;
    line_t   *end     = NULL;
    pthread_t writer;

    if (cc_blockpool_init(&lines, cc_allocator_heap(), LIMIT) != CC_RESULT_OK ||
        cc_ring_init(&queue, cc_allocator_heap(), QUEUE, 0) != CC_RESULT_OK ||
        pthread_create(&writer, NULL, write_lines, &written))
        return 1;
    size_t dropped = log_lines();
    while (!cc_ring_try_write(&queue, &end, sizeof end))
        sched_yield();
    pthread_join(writer, NULL);

    line_t              *late = make_line(0);
    cc_blockpool_stats_t s    = cc_blockpool_stats(&lines);
    printf("%zu lines written, %zu dropped; at most %zu KiB, %zu bytes still in use\n", written,
           dropped, s.peak_bytes / 1024, s.live_bytes);
    cc_blockpool_fini(&lines); /* with the late line */
    cc_ring_fini(&queue);
    return late && written + dropped == LINES && s.exhausted_count == dropped &&
                   s.peak_bytes <= LIMIT
               ? 0
               : 1;
}
