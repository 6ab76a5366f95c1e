/* SPDX-License-Identifier: MIT */
/* history.c - see support/history.h: the notes that threads take. */
#include "support/history.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);

    if (!p) {
        fputs("history: no memory\n", stderr);
        exit(1);
    }
    return p;
}

history_t *history_create(unsigned threads, size_t each)
{
    history_t *h = take(1, sizeof *h);

    h->threads = threads;
    h->each    = each;
    h->log     = take(threads, sizeof *h->log);
    for (unsigned i = 0; i < threads; i++)
        h->log[i].at = take(each, sizeof *h->log[i].at);
    return h;
}

void history_destroy(history_t *h)
{
    for (unsigned i = 0; i < h->threads; i++)
        free(h->log[i].at);
    free(h->log);
    free(h->all);
    free(h);
}

/* The addition releases what the operation did to those that begin later. */
void history_end(history_t *h, unsigned thread, uint64_t began, uint64_t key, uint64_t found,
                 uint64_t left)
{
    history_log_t *log = &h->log[thread];
    const uint64_t end = atomic_fetch_add_explicit(&h->now, 1, memory_order_acq_rel);

    if (thread >= h->threads || log->count == h->each) {
        fputs("history: no room for an operation\n", stderr);
        exit(1);
    }
    log->at[log->count++] = (history_operation_t){ began, end, key, found, left, thread };
}

static int by_key_and_begin(const void *a, const void *b)
{
    const history_operation_t *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

void history_merge(history_t *h)
{
    size_t count = 0;

    for (unsigned i = 0; i < h->threads; i++)
        count += h->log[i].count;
    free(h->all);
    h->all    = take(count, sizeof *h->all);
    h->count  = 0;
    h->why[0] = '\0';
    for (unsigned i = 0; i < h->threads; i++) {
        memcpy(&h->all[h->count], h->log[i].at, h->log[i].count * sizeof *h->all);
        h->count += h->log[i].count;
    }
    qsort(h->all, count, sizeof *h->all, by_key_and_begin);
}

const char *history_why(const history_t *h)
{
    return h->why[0] ? h->why : "nothing is wrong\n";
}

void history_say(history_t *h, const char *format, ...)
{
    const size_t used = strlen(h->why);
    va_list      list;

    va_start(list, format);
    vsnprintf(h->why + used, sizeof h->why - used, format, list);
    va_end(list);
}

static const char *spell(uint64_t value, char text[24])
{
    static const char *const words[] = { "absent", "present", "any", "same" };

    if (value >= HISTORY_SAME)
        return words[HISTORY_ABSENT - value];
    snprintf(text, 24, "%" PRIu64, value);
    return text;
}

void history_say_operation(history_t *h, const history_operation_t *o)
{
    char found[24], left[24];

    history_say(h, "  thread %u, from %" PRIu64 " to %" PRIu64 ": found %s, left %s\n", o->thread,
                o->begin, o->end, spell(o->found, found), spell(o->left, left));
}
