/* SPDX-License-Identifier: MIT */
/* lfqueue.c - the unbounded queue: segments, the first of which consumers take from and the last of which
 * producers put into; see lockfree/lfqueue_segment.h for what happens within one.
 *
 * Which operation pairs with which:
 *   pushed +1, seq_cst                   pushed, seq_cst: who finds the queue empty, and closed
 *   next <- segment, seq_cst             next, seq_cst: the same. Its acquire: the first words of it
 *   tail, head <- segment, release       cc_smr_protect, acquiring: the same
 *   state of a slot <- full, release     acquire: the word
 *   popped, release                      popped, acquire: pushed is no older, see `look`
 * The sequentially consistent ones are one order with the waiters of lockfree/lfqueue_wait.h, and with
 * whatever the program does with two queues: push to one and find the other one empty.
 *
 * A push is at the moment when it takes the ticket that it keeps, a pop when both tickets are taken. Empty
 * is found when pushed is read: each slot below has a consumer by then.
 *
 * A segment goes when head leaves it; tail was moved on before. So no pointer is ever followed out of a
 * segment that may be gone: next of a segment is only what head or tail become, if they still
 * are that segment.
 *
 * Invariant: from head each segment is reached by next, and tail is one of them.
 */
#include <ccmem/lfqueue.h>
#include <string.h>
#include "lockfree/lfqueue_segment.h"
#include "lockfree/lfqueue_slip.h"
#include "lockfree/lfqueue_wait.h"

/* Segments are large: free them early. */
enum { ERA_STEP = 16, SCAN_STEP = 32 };

struct cc_lfqueue {
    cc_smr_t                *smr;
    _Atomic(cci_segment_t *) head, tail;
    cci_waiting_t            waiting;
    _Atomic bool             is_closed;
    bool                     owns_smr;
    cci_slip_t               slip;
};

/* What next is of the last segment of a closed queue when it was used up. */
static cc_smr_node_t end_node;

static cci_segment_t *end_of_all(void)
{
    return (cci_segment_t *)&end_node;
}

/* ---- segments ---- */

static cci_segment_t *new_segment(cc_smr_guard_t *g, uint64_t before)
{
    cci_segment_t *s = cc_smr_alloc(g, sizeof *s);

    if (!s)
        return NULL;
    s->before = before;
    atomic_init(&s->next, NULL);
    atomic_init(&s->pushed, 0);
    atomic_init(&s->popped, 0);
    for (unsigned i = 0; i < CCI_SEGMENT_LINES; i++)
        memset(s->lines[i].state, CCI_SLOT_EMPTY, sizeof s->lines[i].state);
    return s;
}

/* Before anybody else sees it. Returns how many it took. */
static size_t fill(cci_segment_t *s, const uintptr_t *words, size_t count)
{
    const size_t n = count < CCI_SEGMENT_SLOTS ? count : CCI_SEGMENT_SLOTS;

    for (size_t i = 0; i < n; i++) {
        const cci_slot_t slot = cci_slot_at(s, i);
        *slot.word            = words[i];
        atomic_init(slot.state, CCI_SLOT_FULL);
    }
    atomic_init(&s->pushed, n);
    return n;
}

/* Release, for those who protect it. Another thread may have been faster. */
static void move_on(_Atomic(cci_segment_t *) *end, cci_segment_t *from, cci_segment_t *to)
{
    atomic_compare_exchange_strong_explicit(end, &from, to, memory_order_release,
                                            memory_order_relaxed);
}

/* ---- push ---- */

typedef struct cci_batch {
    const uintptr_t *words;
    size_t           left;
} cci_batch_t;

static void advance(cci_batch_t *b, size_t n)
{
    b->words += n;
    b->left -= n;
}

/* Put a segment with the first words of the batch behind s. */
static cc_result_t append(cc_smr_guard_t *g, cci_segment_t *s, cci_batch_t *b)
{
    cci_segment_t *next = NULL, *added = new_segment(g, s->before + CCI_SEGMENT_SLOTS);

    if (!added)
        return CC_RESULT_NO_MEMORY;
    size_t n = fill(added, b->words, b->left);
    if (!atomic_compare_exchange_strong_explicit(&s->next, &next, added, memory_order_seq_cst,
                                                 memory_order_relaxed)) {
        cc_smr_free(added, sizeof *added);
        return CC_RESULT_OK;
    }
    advance(b, n);
    return CC_RESULT_OK;
}

/* s is used up, or closed: `ticket` of it is no slot. */
static cc_result_t go_beyond(cc_lfqueue_t *q, cc_smr_guard_t *g, cci_segment_t *s, uint64_t ticket,
                             cci_batch_t *b)
{
    cc_result_t r = CC_RESULT_OK;

    if (ticket & CCI_SEGMENT_CLOSED)
        return CC_RESULT_STALE;
    if (!atomic_load_explicit(&s->next, memory_order_relaxed))
        r = append(g, s, b);
    if (r != CC_RESULT_OK)
        return r;
    /* Acquire, to pass on with tail what came with next. */
    cci_segment_t *next = atomic_load_explicit(&s->next, memory_order_acquire);
    if (next == end_of_all())
        return CC_RESULT_STALE;
    move_on(&q->tail, s, next);
    return CC_RESULT_OK;
}

static inline cci_segment_t *last_segment(cc_lfqueue_t *q, cc_smr_guard_t *g)
{
    return cc_smr_protect(g, &q->tail);
}

/* A ticket of the last segment; whether it is a slot that takes the word. */
static inline bool try_put(cci_segment_t *s, uintptr_t word, uint64_t *ticket)
{
    *ticket = atomic_fetch_add_explicit(&s->pushed, 1, memory_order_seq_cst);
    return __builtin_expect(*ticket < CCI_SEGMENT_SLOTS, 1) &&
           cci_slot_put(cci_slot_at(s, *ticket), word);
}

/* The ticket of s was no slot, or one that was gone. */
static __attribute__((noinline)) cc_result_t
push_slow(cc_lfqueue_t *q, cc_smr_guard_t *g, cci_segment_t *s, uint64_t ticket, uintptr_t word)
{
    cci_batch_t b = { &word, 1 };

    do {
        cc_result_t r = ticket < CCI_SEGMENT_SLOTS ? CC_RESULT_OK : go_beyond(q, g, s, ticket, &b);
        if (r != CC_RESULT_OK || b.left == 0)
            return r;
        s = last_segment(q, g);
    } while (!try_put(s, word, &ticket));
    return CC_RESULT_OK;
}

cc_result_t cc_lfqueue_push(cc_lfqueue_t *queue, uintptr_t word)
{
    cc_smr_guard_t *g = cc_smr_enter(queue->smr);
    cc_result_t     r = CC_RESULT_OK;
    uint64_t        ticket;

    if (__builtin_expect(!g, 0))
        return CC_RESULT_NO_MEMORY;
    cci_segment_t *s = last_segment(queue, g);
    if (__builtin_expect(!try_put(s, word, &ticket), 0))
        r = push_slow(queue, g, s, ticket, word);
    cc_smr_leave(g);
    cci_wake_if_any(&queue->waiting, 1);
    return r;
}

/* Slots from first to before end; those that are gone take no word. */
static void put_batch(cci_segment_t *s, uint64_t first, uint64_t end, cci_batch_t *b)
{
    for (uint64_t i = first; i < end; i++)
        advance(b, cci_slot_put(cci_slot_at(s, i), *b->words) ? 1 : 0);
}

static cc_result_t push_batch(cc_lfqueue_t *q, cc_smr_guard_t *g, cci_batch_t *b)
{
    cci_segment_t *s = last_segment(q, g);
    const size_t   n = b->left < CCI_SEGMENT_SLOTS ? b->left : CCI_SEGMENT_SLOTS;
    uint64_t       i = atomic_fetch_add_explicit(&s->pushed, n, memory_order_seq_cst);

    if (i >= CCI_SEGMENT_SLOTS)
        return go_beyond(q, g, s, i, b);
    put_batch(s, i, i + n < CCI_SEGMENT_SLOTS ? i + n : CCI_SEGMENT_SLOTS, b);
    return CC_RESULT_OK;
}

size_t cc_lfqueue_push_many(cc_lfqueue_t *queue, const uintptr_t *words, size_t count)
{
    cc_smr_guard_t *g = cc_smr_enter(queue->smr);
    cci_batch_t     b = { words, count };

    if (!g)
        return 0;
    while (b.left && push_batch(queue, g, &b) == CC_RESULT_OK)
        ;
    cc_smr_leave(g);
    cci_wake_if_any(&queue->waiting, count - b.left);
    return count - b.left;
}

/* ---- pop ---- */

/* How many words there are in s, or were when pushed was read. popped is read first, and pushed is no
 * older than who popped last saw it: so s was empty at one moment when this is 0. */
static size_t look(cci_segment_t *s, uint64_t *popped, uint64_t *pushed)
{
    *popped        = atomic_load_explicit(&s->popped, memory_order_acquire);
    *pushed        = atomic_load_explicit(&s->pushed, memory_order_seq_cst);
    uint64_t slots = cci_segment_slots(*pushed);
    return *popped < slots ? (size_t)(slots - *popped) : 0;
}

/* s has no words left: OK when there is another one to try. */
static cc_result_t leave_segment(cc_lfqueue_t *q, cc_smr_guard_t *g, cci_segment_t *s,
                                 uint64_t pushed)
{
    if (pushed & CCI_SEGMENT_CLOSED)
        return CC_RESULT_STALE;
    if (pushed < CCI_SEGMENT_SLOTS)
        return CC_RESULT_BUSY;
    cci_segment_t *next = atomic_load_explicit(&s->next, memory_order_seq_cst);
    if (!next || next == end_of_all())
        return next ? CC_RESULT_STALE : CC_RESULT_BUSY;
    move_on(&q->tail, s, next); /* so that nobody who enters later finds s there */
    cci_segment_t *first = s;
    if (atomic_compare_exchange_strong_explicit(&q->head, &first, next, memory_order_release,
                                                memory_order_relaxed))
        cc_smr_retire(g, s, sizeof *s, NULL);
    return CC_RESULT_OK;
}

static inline cci_segment_t *first_segment(cc_lfqueue_t *q, cc_smr_guard_t *g)
{
    return cc_smr_protect(g, &q->head);
}

static inline uint64_t next_ticket(cci_segment_t *s)
{
    return atomic_fetch_add_explicit(&s->popped, 1, memory_order_release);
}

static inline bool has_word(cci_segment_t *s, uint64_t ticket)
{
    return ticket < CCI_SEGMENT_SLOTS && cci_slot_is_full(cci_slot_at(s, ticket));
}

/* The ticket of s is the caller's; whether it is a slot that gets a word. */
static bool try_take(cci_segment_t *s, uint64_t ticket, uintptr_t *out)
{
    return ticket < CCI_SEGMENT_SLOTS && cci_slot_take(cci_slot_at(s, ticket), out);
}

/* OK, BUSY when it is empty, STALE when it is closed, too. Who finds it empty may wait and look once more:
 * lockfree/lfqueue_slip.h. */
static __attribute__((noinline)) cc_result_t pop_slow(cc_lfqueue_t *q, cc_smr_guard_t *g,
                                                      uintptr_t *out)
{
    for (bool waited = false;;) {
        uint64_t       popped, pushed;
        cci_segment_t *s = first_segment(q, g);
        if (look(s, &popped, &pushed)) {
            if (try_take(s, next_ticket(s), out))
                return CC_RESULT_OK;
        } else {
            cc_result_t r = leave_segment(q, g, s, pushed);
            waited        = r == CC_RESULT_BUSY && !waited &&
                     cci_slip(&q->slip, s->before + cci_segment_slots(popped));
            if (r != CC_RESULT_OK && !waited)
                return r;
        }
    }
}

/* Whether there is a word is seen in its slot, without a look at what producers write all the time. Who then
 * gets the ticket of that slot has the word as well: it stays full. */
static inline cc_result_t pop(cc_lfqueue_t *q, cc_smr_guard_t *g, uintptr_t *out)
{
    cci_segment_t *s      = first_segment(q, g);
    const uint64_t popped = atomic_load_explicit(&s->popped, memory_order_relaxed);

    if (!has_word(s, popped))
        return pop_slow(q, g, out);
    const uint64_t ticket = next_ticket(s);
    if (__builtin_expect(ticket != popped, 0))
        return try_take(s, ticket, out) ? CC_RESULT_OK : pop_slow(q, g, out);
    *out = *cci_slot_at(s, popped).word;
    return CC_RESULT_OK;
}

static inline cc_result_t pop_now(cc_lfqueue_t *q, uintptr_t *out)
{
    cc_smr_guard_t *g = cc_smr_enter(q->smr);

    if (__builtin_expect(!g, 0))
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = pop(q, g, out);
    cc_smr_leave(g);
    return r;
}

bool cc_lfqueue_try_pop(cc_lfqueue_t *queue, uintptr_t *out)
{
    return pop_now(queue, out) == CC_RESULT_OK;
}

static cc_result_t try_pop(void *queue, uintptr_t *out)
{
    return pop_now(queue, out);
}

cc_result_t cc_lfqueue_pop(cc_lfqueue_t *queue, uint64_t timeout, uintptr_t *out)
{
    cc_result_t r = cci_wait_until(&queue->waiting, try_pop, queue, out, timeout, false);

    return r == CC_RESULT_BUSY ? CC_RESULT_NOT_FOUND : r;
}

static size_t take_batch(cci_segment_t *s, uint64_t first, size_t n, uintptr_t *out)
{
    size_t taken = 0;

    for (uint64_t i = first; i < first + n; i++)
        taken += cci_slot_take(cci_slot_at(s, i), &out[taken]);
    return taken;
}

/* Tickets of slots that have producers, and of no others. */
static bool claim(cci_segment_t *s, uint64_t popped, size_t n)
{
    return atomic_compare_exchange_strong_explicit(&s->popped, &popped, popped + n,
                                                   memory_order_release, memory_order_relaxed);
}

static size_t pop_batch(cc_lfqueue_t *q, cc_smr_guard_t *g, uintptr_t *out, size_t max)
{
    for (;;) {
        uint64_t       popped, pushed;
        cci_segment_t *s = first_segment(q, g);
        size_t         n = look(s, &popped, &pushed);
        if (n == 0 && leave_segment(q, g, s, pushed) != CC_RESULT_OK)
            return 0;
        if (n > max)
            n = max;
        size_t taken = n && claim(s, popped, n) ? take_batch(s, popped, n, out) : 0;
        if (taken)
            return taken;
    }
}

size_t cc_lfqueue_pop_many(cc_lfqueue_t *queue, uintptr_t *out, size_t max)
{
    cc_smr_guard_t *g = cc_smr_enter(queue->smr);

    if (!g)
        return 0;
    size_t n = max ? pop_batch(queue, g, out, max) : 0;
    cc_smr_leave(g);
    return n;
}

/* ---- close ---- */

/* Whether s is the last segment for ever; otherwise it has a next one. */
static bool close_segment(cci_segment_t *s)
{
    uint64_t       pushed = atomic_load_explicit(&s->pushed, memory_order_relaxed);
    cci_segment_t *next   = NULL;

    while (pushed < CCI_SEGMENT_SLOTS)
        if (atomic_compare_exchange_weak_explicit(&s->pushed, &pushed, cci_segment_closed(pushed),
                                                  memory_order_seq_cst, memory_order_relaxed))
            return true;
    if (pushed & CCI_SEGMENT_CLOSED)
        return true;
    /* Acquire, to pass on with tail what came with next. */
    return atomic_compare_exchange_strong_explicit(&s->next, &next, end_of_all(),
                                                   memory_order_seq_cst, memory_order_acquire) ||
           next == end_of_all();
}

/* The next segment is there, so tail may be moved on to it as any producer would. */
static void close_last(cc_lfqueue_t *q, cc_smr_guard_t *g)
{
    for (;;) {
        cci_segment_t *s = last_segment(q, g);
        if (close_segment(s))
            return;
        move_on(&q->tail, s, atomic_load_explicit(&s->next, memory_order_acquire));
    }
}

cc_result_t cc_lfqueue_close(cc_lfqueue_t *queue)
{
    cc_smr_guard_t *g = cc_smr_enter(queue->smr);

    if (!g)
        return CC_RESULT_NO_MEMORY;
    close_last(queue, g);
    cc_smr_leave(g);
    atomic_store_explicit(&queue->is_closed, true, memory_order_release);
    cci_wake_if_any(&queue->waiting, CCI_WAKE_ALL);
    return CC_RESULT_OK;
}

bool cc_lfqueue_is_closed(const cc_lfqueue_t *queue)
{
    return atomic_load_explicit(&queue->is_closed, memory_order_acquire);
}

/* ---- the whole of it ---- */

/* Words between two ends that are not read at once: head first, so that it is no later than tail. */
static size_t count_words(cc_lfqueue_t *q, cc_smr_guard_t *g)
{
    cci_segment_t *s      = first_segment(q, g);
    uint64_t       popped = atomic_load_explicit(&s->popped, memory_order_acquire);
    uint64_t       first  = s->before + (popped < CCI_SEGMENT_SLOTS ? popped : CCI_SEGMENT_SLOTS);

    s = last_segment(q, g);
    uint64_t last =
        s->before + cci_segment_slots(atomic_load_explicit(&s->pushed, memory_order_relaxed));
    return last > first ? (size_t)(last - first) : 0;
}

size_t cc_lfqueue_len(cc_lfqueue_t *queue)
{
    cc_smr_guard_t *g = cc_smr_enter(queue->smr);

    if (!g)
        return 0;
    size_t n = count_words(queue, g);
    cc_smr_leave(g);
    return n;
}

static cc_smr_t *own_domain(void)
{
    cc_smr_options_t o = CC_SMR_OPTIONS_DEFAULT;

    o.era_step  = ERA_STEP;
    o.scan_step = SCAN_STEP;
    return cc_smr_create(&o);
}

static cci_segment_t *very_first_segment(cc_smr_t *smr)
{
    cc_smr_guard_t *g = cc_smr_enter(smr);

    if (!g)
        return NULL;
    cci_segment_t *s = new_segment(g, 0);
    cc_smr_leave(g);
    return s;
}

static void free_segments(cci_segment_t *s)
{
    for (cci_segment_t *next; s && s != end_of_all(); s = next) {
        next = atomic_load_explicit(&s->next, memory_order_relaxed);
        cc_smr_free(s, sizeof *s);
    }
}

/* Also of one that was made in part. */
void cc_lfqueue_destroy(cc_lfqueue_t *queue)
{
    if (!queue)
        return;
    free_segments(atomic_load_explicit(&queue->head, memory_order_acquire));
    if (queue->owns_smr)
        cc_smr_destroy(queue->smr);
    cc_free_node(queue, sizeof *queue);
}

cc_lfqueue_t *cc_lfqueue_create(const cc_lfqueue_options_t *options)
{
    cc_smr_t     *smr = options ? options->smr : NULL;
    cc_lfqueue_t *q   = cc_alloc_node(sizeof *q);

    if (!q)
        return NULL;
    *q               = (cc_lfqueue_t){ .smr = smr ? smr : own_domain(), .owns_smr = !smr };
    cci_segment_t *s = q->smr ? very_first_segment(q->smr) : NULL;
    atomic_init(&q->head, s);
    atomic_init(&q->tail, s);
    if (s)
        return q;
    cc_lfqueue_destroy(q);
    return NULL;
}
