/* SPDX-License-Identifier: MIT */
/* follow.c - see trace/follow.h.
 *
 * A strand's queue holds what its cursor has not loaded yet, by seq, each chunk once: taken again,
 * it takes its own place. The cursor sees the queue up to the first gap: chunks come in the order
 * in which the collector finds them, which is not quite that of the thread. It never lacks one for
 * good, for the thread has written them all.
 *
 * Invariant: only the last chunk that the cursor sees may be open.
 */
#include "trace/follow.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/rising.h"
#include "trace/follow_parts.h"

/* ---- the queue of a strand ---- */

static size_t loaded(const cci_strand_t *s)
{
    return (size_t)(s->cursor.next - s->queue);
}

/* The queue moved or changed: the cursor's place in it. */
static void place(cci_strand_t *s, size_t next, size_t end)
{
    s->cursor.next       = s->queue + next;
    s->cursor.chunks_end = s->queue + end;
}

/* Forget what was loaded, now and then; all but the last one, of which the cursor may speak yet. */
static void shorten(cci_strand_t *s)
{
    size_t end = (size_t)(s->cursor.chunks_end - s->queue);
    size_t n   = loaded(s) > 0 ? loaded(s) - 1 : 0;

    if (2 * n < s->queued)
        return;
    memmove(s->queue, s->queue + n, (s->queued - n) * sizeof *s->queue);
    s->queued -= n;
    place(s, loaded(s) - n, end - n);
}

static bool reserve(cci_strand_t *s)
{
    size_t next = 0, end = 0;

    if (s->queue) {
        shorten(s);
        next = loaded(s);
        end  = (size_t)(s->cursor.chunks_end - s->queue);
    }
    void *queue = cci_array_room(s->queue, s->queued, &s->queue_capacity, sizeof *s->queue);
    if (!queue)
        return false;
    s->queue = queue;
    place(s, next, end);
    return true;
}

/* The seq that the item at i must have so that nothing is missing before it. */
static uint64_t wanted_at(const cci_strand_t *s, size_t i)
{
    return i == 0 ? 0 : s->queue[i - 1].seq + !s->queue[i - 1].open;
}

/* Let the cursor see what is there without a gap. */
static void show_ready(cci_strand_t *s)
{
    size_t end = (size_t)(s->cursor.chunks_end - s->queue);

    while (end < s->queued && s->queue[end].seq == wanted_at(s, end))
        end++;
    s->cursor.chunks_end = s->queue + end;
}

/* Where the chunk belongs; *again: in place of what is there. */
static size_t find_place(const cci_strand_t *s, const cci_chunk_t *c, bool *again)
{
    size_t i = s->queued;

    while (i > loaded(s) && s->queue[i - 1].seq > c->seq)
        i--;
    *again = i > loaded(s) && s->queue[i - 1].seq == c->seq;
    return *again ? i - 1 : i;
}

/* Whether the strand can have a use for it: it was not loaded whole, and is not waiting whole. */
static bool is_news(const cci_strand_t *s, const cci_chunk_t *c, size_t i, bool again)
{
    if (again)
        return s->queue[i].open;
    return i > loaded(s) || c->seq >= wanted_at(s, i);
}

/* After reserve. */
static void enqueue(cci_strand_t *s, const cci_chunk_t *c)
{
    bool   again;
    size_t i = find_place(s, c, &again);

    if (!is_news(s, c, i, again)) {
        free(c->copy);
        return;
    }
    if (again) {
        free(s->queue[i].copy);
    } else {
        memmove(s->queue + i + 1, s->queue + i, (s->queued - i) * sizeof *s->queue);
        s->queued++;
    }
    s->queue[i] = *c;
    show_ready(s);
}

/* ---- the strands ---- */

static bool has_number(const void *strands, uint32_t item, const void *number)
{
    const cci_strand_t *s = ((cci_strand_t *const *)strands)[item];
    return s->cursor.number == *(const uint32_t *)number;
}

static cci_strand_t *begin_strand(cci_trace_t *t, const cci_chunk_t *c, uint64_t hash)
{
    cci_chunk_t   first = *c;
    cci_strand_t *s     = cci_trace_add_strand(t);

    if (!s)
        return NULL;
    s->thread.tid   = c->tid;
    first.base_time = 0; /* it need not be the thread's first */
    cci_cursor_init(&s->cursor, &first, NULL, &s->thread, t->strand_count - 1);
    s->cursor.next = s->cursor.chunks_end = NULL;
    return cci_index_add(&t->by_number, hash, s->cursor.event.thread) ? s : NULL;
}

static cci_strand_t *strand_of(cci_trace_t *t, const cci_chunk_t *c)
{
    uint64_t hash = cci_hash_mix(t->shared.tables.seed, c->thread);
    uint32_t index;

    if (cci_index_find(&t->by_number, hash, has_number, t->strands, &c->thread, &index))
        return t->strands[index];
    return begin_strand(t, c, hash);
}

/* A cursor that has something to load is in the merge. */
static bool merge_in(cci_trace_t *t, cci_strand_t *s)
{
    cci_cursor_t *c = &s->cursor;

    return c->merged || c->next == c->chunks_end || cci_merge_add(&t->merge, c);
}

cc_result_t cci_trace_take_chunk(cci_trace_t *t, const cci_chunk_t *c)
{
    cci_strand_t *s = strand_of(t, c);

    if (!s || !reserve(s)) {
        free(c->copy);
        return CC_RESULT_NO_MEMORY;
    }
    if (c->seq == 0)
        s->thread.first_ns = cci_timebase_ns(&t->timebase, c->base_time);
    cci_trace_learn(t, s, c);
    enqueue(s, c);
    return merge_in(t, s) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

/* ---- the trace ---- */

cc_result_t cci_trace_note(cci_trace_t *t, cc_result_t r)
{
    if (t->status == CC_RESULT_OK)
        t->status = r;
    return t->status;
}

cc_result_t cci_trace_follow_source(cci_trace_t **out, const cci_trace_header_t *header,
                                    const cci_source_t *source, const cci_loader_t *loader)
{
    cci_trace_t *t = cci_trace_new(source);

    if (!t || !cci_tables_init(&t->shared.tables, (uintptr_t)t)) {
        cci_trace_close(t);
        return CC_RESULT_NO_MEMORY;
    }
    t->shared.loader = loader;
    t->until         = 0;
    t->scanned       = header->header_bytes;
    cci_timebase_init(&t->timebase, header);
    cci_trace_describe(t, header);
    *out = t;
    return CC_RESULT_OK;
}

cc_result_t cci_trace_follow_live(cci_trace_t **out, const cci_trace_header_t *header)
{
    cci_source_t none;

    cci_source_memory(&none, NULL, 0);
    return cci_trace_follow_source(out, header, &none, NULL);
}

cc_result_t cci_trace_take_open(cci_trace_t *t, const cci_chunk_header_t *header, uint8_t *body,
                                uint64_t used)
{
    cci_chunk_t c;

    if (t->status != CC_RESULT_OK || used < sizeof(cci_trace_counters_t) ||
        !cci_chunk_of_open(&c, header, used)) {
        free(body);
        return t->status;
    }
    c.copy = body;
    return cci_trace_note(t, cci_trace_take_chunk(t, &c));
}

/* ---- chunks of this process ---- */

static bool goes_on(const cci_strand_t *s, const cci_chunk_t *c)
{
    return loaded(s) > 0 && s->cursor.open && s->cursor.next[-1].seq == c->seq;
}

/* The room of the one that waits, if one does. NULL: out of memory. */
static uint8_t *room_for_live(cci_strand_t *s, const cci_chunk_t *c)
{
    enum { ROOM = CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES + CCI_RECORD_MAX };
    bool     again;
    size_t   i = find_place(s, c, &again);
    uint8_t *room;

    if (!again || !is_news(s, c, i, again))
        return malloc(ROOM);
    room             = s->queue[i].copy;
    s->queue[i].copy = NULL;
    return room;
}

/* A copy of all that there is. False: out of memory. */
static bool copy_live(cci_strand_t *s, cci_chunk_t *c, const uint8_t *body)
{
    c->copy = room_for_live(s, c);
    if (!c->copy)
        return false;
    cci_rising_copy(c->copy, body, c->used);
    memset(c->copy + c->used, 0, CCI_RECORD_MAX);
    return true;
}

static cc_result_t take_live(cci_trace_t *t, cci_chunk_t *c, const uint8_t *body)
{
    cci_strand_t *s = strand_of(t, c);

    if (!s)
        return CC_RESULT_NO_MEMORY;
    if (goes_on(s, c)) {
        cci_trace_learn(t, s, c);
        if (!cci_cursor_refresh(&s->cursor, body, c->used) && c->open)
            return CC_RESULT_OK;
    } else if (!copy_live(s, c, body)) {
        return CC_RESULT_NO_MEMORY;
    }
    return cci_trace_take_chunk(t, c);
}

cc_result_t cci_trace_take_live(cci_trace_t *t, const cci_chunk_header_t *header,
                                const uint8_t *body, uint64_t used, bool whole)
{
    cci_chunk_t c;

    if (t->status != CC_RESULT_OK || used < sizeof(cci_trace_counters_t) ||
        !cci_chunk_of_open(&c, header, used))
        return t->status;
    c.open = !whole;
    c.live = true;
    return cci_trace_note(t, take_live(t, &c, body));
}

/* ---- time ---- */

cc_result_t cci_trace_take_rss(cci_trace_t *t, const cci_rss_sample_t *samples, size_t n)
{
    cci_process_t *p = &t->process;

    if (n > p->rss_capacity) {
        void *rss = realloc(p->rss, n * sizeof *samples);
        if (!rss)
            return cci_trace_note(t, CC_RESULT_NO_MEMORY);
        p->rss          = rss;
        p->rss_capacity = n;
    }
    if (n)
        memcpy(p->rss, samples, n * sizeof *samples);
    p->rss_count = n;
    cci_process_convert(p, &t->timebase);
    return t->status;
}

/* In units of time; 0 before the slack is over. */
static uint64_t due_before(const cci_timebase_t *b, uint64_t ticks, uint64_t slack_ns)
{
    uint64_t now   = ticks >> b->shift;
    uint64_t slack = (uint64_t)((double)slack_ns / b->ns_per_unit) + (slack_ns > 0);
    return now > slack ? now - slack : 0;
}

static cc_result_t advance(cci_trace_t *t, cci_clock_pair_t now, uint64_t slack_ns)
{
    cci_timebase_t   *b    = &t->timebase;
    cci_trace_info_t *info = &t->shared.info;

    if (t->status != CC_RESULT_OK)
        return t->status;
    cci_timebase_see(b, now);
    (void)cci_timebase_fit(b); /* what it doubts will be better known soon */
    uint64_t due = due_before(b, now.ticks, slack_ns);
    if (due > t->until)
        t->until = due;
    uint64_t ns = cci_timebase_ns(b, now.ticks >> b->shift);
    if (ns > info->end_ns)
        info->end_ns = ns;
    cci_trace_note(t, cci_merge_find(&t->merge, &t->shared));
    info->incomplete = t->shared.warnings.incomplete;
    return t->status;
}

cc_result_t cci_trace_advance(cci_trace_t *t, cci_clock_pair_t now)
{
    return advance(t, now, CCI_FOLLOW_SLACK_NS);
}

cc_result_t cci_trace_advance_exactly(cci_trace_t *t, cci_clock_pair_t now)
{
    return advance(t, now, 0);
}

uint64_t cci_trace_mark_ns(cci_trace_t *t)
{
    if (t->now_ns < t->shared.info.end_ns)
        t->now_ns = t->shared.info.end_ns;
    return t->now_ns;
}

uint64_t cci_trace_given_ns(const cci_trace_t *t)
{
    return t->now_ns;
}
