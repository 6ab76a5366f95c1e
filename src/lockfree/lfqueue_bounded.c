/* SPDX-License-Identifier: MIT */
/* lfqueue_bounded.c - the bounded queue: a ring of slots, each of which says whose turn it is.
 *
 * A position counts the words that ever went in, or came out; its slot is what is left of it modulo the
 * capacity. A slot's turn is the position of the producer that may write there, one more when it has, and
 * the producer's next position there when the consumer has read. Who takes a position, by a
 * compare-and-swap, has the slot for itself once it is its turn.
 *
 * A slot that is not ready for the next position does not say that the queue is empty, or full: somebody
 * may be about to finish with it while later ones are done. So then the other end decides, and who finds that
 * there is a word, or room, waits for that somebody: it has taken the position and has a store left to do.
 *
 * Which operation pairs with which:
 *   turn, release                        turn, acquire: the word, or that it was read
 *   pushed, popped, seq_cst              the same of the other side, seq_cst: who finds it empty or full
 * The latter are one order, so that a program may push to one queue and find another one empty.
 *
 * Rejected: SCQ (Nikolaev, DISC 2019), lock-free, at two rings of indices and a fifth of the speed; and a
 * fence in each call, for who may sleep: lockfree/lfqueue_wait.h.
 *
 * Invariant: popped <= pushed <= popped + capacity.
 */
#include <ccmem/alloc.h>
#include <ccmem/lfqueue.h>
#include <sched.h>
#include "lockfree/lfqueue_wait.h"
#include "prim/cpu.h"

#define CLOSED (UINT64_C(1) << 63) /* of pushed */

typedef struct cci_place {
    _Atomic uint64_t turn;
    uintptr_t        word;
} cci_place_t;

struct cc_lfqueue_bounded {
    cci_place_t     *slots;
    uint64_t         capacity;
    cci_waiting_t    words, room;
    unsigned char    distance1[96];
    _Atomic uint64_t pushed; /* the next producer's position */
    unsigned char    distance2[120];
    _Atomic uint64_t popped; /* the next consumer's */
    unsigned char    distance3[120];
};

enum { SPINS = 64, ALIGNMENT = 128 };

static cci_place_t *slot_at(const cc_lfqueue_bounded_t *q, uint64_t position)
{
    return &q->slots[position & (q->capacity - 1)];
}

/* Whether it is the turn of `turn`. Acquire pairs with pass. */
static bool is_turn(cci_place_t *slot, uint64_t turn)
{
    return atomic_load_explicit(&slot->turn, memory_order_acquire) == turn;
}

/* Once more around. Who holds the place has a store left to do, and does it unless it was stopped. */
static void pause_after(unsigned tries)
{
    if (tries % SPINS == 0)
        sched_yield();
    else
        cci_cpu_relax();
}

/* The position is the caller's: nobody else's turn can come. */
static void await_turn(cci_place_t *slot, uint64_t turn)
{
    for (unsigned tries = 1; !is_turn(slot, turn); tries++)
        pause_after(tries);
}

static void pass(cci_place_t *slot, uint64_t turn)
{
    atomic_store_explicit(&slot->turn, turn, memory_order_release);
}

/* Acquire pairs with take: the other side is seen as far as those were who came before, so that a position
 * never seems further from it than it is. */
static uint64_t next_of(const _Atomic uint64_t *end)
{
    return atomic_load_explicit(end, memory_order_acquire);
}

/* Take n positions from *at on. False: *at is the next one now. */
static bool take(_Atomic uint64_t *end, uint64_t *at, uint64_t n)
{
    return atomic_compare_exchange_weak_explicit(end, at, *at + n, memory_order_seq_cst,
                                                 memory_order_acquire);
}

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* ---- producers ---- */

/* The position is the caller's, and the slot. */
static void write_slot(cc_lfqueue_bounded_t *q, uint64_t at, uintptr_t word)
{
    cci_place_t *slot = slot_at(q, at);

    slot->word = word;
    pass(slot, at + 1);
}

/* 0: it is full at this moment, since those who push have come no further than this. */
static uint64_t room_at(const cc_lfqueue_bounded_t *q, uint64_t at)
{
    return atomic_load_explicit(&q->popped, memory_order_seq_cst) + q->capacity - at;
}

/* What to do with a position. */
typedef enum { TAKE, PAUSE, EMPTY_OR_FULL, CLOSED_ALREADY } verdict_t;

/* PAUSE: there is room, but who reads the slot is not done with it. */
static verdict_t judge_push(const cc_lfqueue_bounded_t *q, uint64_t at)
{
    if (__builtin_expect((at & CLOSED) != 0, 0))
        return CLOSED_ALREADY;
    if (is_turn(slot_at(q, at), at))
        return TAKE;
    return room_at(q, at) ? PAUSE : EMPTY_OR_FULL;
}

/* The same of the end. True: the position is the caller's. */
static bool settle(_Atomic uint64_t *end, uint64_t *at, verdict_t v, unsigned *tries)
{
    if (__builtin_expect(v == TAKE, 1))
        return take(end, at, 1);
    pause_after(++*tries);
    *at = next_of(end);
    return false;
}

static cc_result_t result_of(verdict_t v)
{
    return v == CLOSED_ALREADY ? CC_RESULT_STALE : CC_RESULT_BUSY;
}

/* OK, BUSY when it is full, STALE. */
static cc_result_t try_push(void *queue, uintptr_t *word)
{
    cc_lfqueue_bounded_t *q     = queue;
    uint64_t              at    = next_of(&q->pushed);
    unsigned              tries = 0;
    verdict_t             v;

    do {
        v = judge_push(q, at);
        if (v >= EMPTY_OR_FULL)
            return result_of(v);
    } while (!settle(&q->pushed, &at, v, &tries));
    write_slot(q, at, *word);
    cci_wake_if_any_seen(&q->words, 1);
    return CC_RESULT_OK;
}

bool cc_lfqueue_bounded_try_push(cc_lfqueue_bounded_t *queue, uintptr_t word)
{
    return try_push(queue, &word) == CC_RESULT_OK;
}

cc_result_t cc_lfqueue_bounded_push(cc_lfqueue_bounded_t *queue, uint64_t timeout, uintptr_t word)
{
    cc_result_t r = cci_wait_until(&queue->room, try_push, queue, &word, timeout, true);

    return r == CC_RESULT_BUSY ? CC_RESULT_FULL : r;
}

size_t cc_lfqueue_bounded_push_many(cc_lfqueue_bounded_t *queue, const uintptr_t *words,
                                    size_t count)
{
    uint64_t at = next_of(&queue->pushed);
    size_t   n;

    do {
        n = at & CLOSED ? 0 : least(room_at(queue, at), count);
        if (n == 0)
            return 0;
    } while (!take(&queue->pushed, &at, n));
    for (size_t i = 0; i < n; i++) {
        await_turn(slot_at(queue, at + i), at + i);
        write_slot(queue, at + i, words[i]);
    }
    cci_wake_if_any_seen(&queue->words, n);
    return n;
}

/* ---- consumers ---- */

/* The position is the caller's, and the slot. */
static uintptr_t read_slot(cc_lfqueue_bounded_t *q, uint64_t at)
{
    cci_place_t *slot = slot_at(q, at);
    uintptr_t    word = slot->word;
    pass(slot, at + q->capacity);
    return word;
}

static uint64_t pushed_of(const cc_lfqueue_bounded_t *q)
{
    return atomic_load_explicit(&q->pushed, memory_order_seq_cst);
}

/* As judge_push; empty is judged as room_at has it. PAUSE: who writes the slot is not done. */
static verdict_t judge_pop(const cc_lfqueue_bounded_t *q, uint64_t at)
{
    if (is_turn(slot_at(q, at), at + 1))
        return TAKE;
    const uint64_t pushed = pushed_of(q);
    if (at != (pushed & ~CLOSED))
        return PAUSE;
    return pushed & CLOSED ? CLOSED_ALREADY : EMPTY_OR_FULL;
}

static cc_result_t try_pop(void *queue, uintptr_t *out)
{
    cc_lfqueue_bounded_t *q     = queue;
    uint64_t              at    = next_of(&q->popped);
    unsigned              tries = 0;
    verdict_t             v;

    do {
        v = judge_pop(q, at);
        if (v >= EMPTY_OR_FULL)
            return result_of(v);
    } while (!settle(&q->popped, &at, v, &tries));
    *out = read_slot(q, at);
    cci_wake_if_any_seen(&q->room, 1);
    return CC_RESULT_OK;
}

bool cc_lfqueue_bounded_try_pop(cc_lfqueue_bounded_t *queue, uintptr_t *out)
{
    return try_pop(queue, out) == CC_RESULT_OK;
}

cc_result_t cc_lfqueue_bounded_pop(cc_lfqueue_bounded_t *queue, uint64_t timeout, uintptr_t *out)
{
    cc_result_t r = cci_wait_until(&queue->words, try_pop, queue, out, timeout, true);

    return r == CC_RESULT_BUSY ? CC_RESULT_NOT_FOUND : r;
}

size_t cc_lfqueue_bounded_pop_many(cc_lfqueue_bounded_t *queue, uintptr_t *out, size_t max)
{
    uint64_t at = next_of(&queue->popped);
    size_t   n;

    do {
        n = least((pushed_of(queue) & ~CLOSED) - at, max);
        if (n == 0)
            return 0;
    } while (!take(&queue->popped, &at, n));
    for (size_t i = 0; i < n; i++) {
        await_turn(slot_at(queue, at + i), at + i + 1);
        out[i] = read_slot(queue, at + i);
    }
    cci_wake_if_any_seen(&queue->room, n);
    return n;
}

/* ---- the whole of it ---- */

void cc_lfqueue_bounded_close(cc_lfqueue_bounded_t *queue)
{
    atomic_fetch_or_explicit(&queue->pushed, CLOSED, memory_order_seq_cst);
    cci_wake_if_any(&queue->words, CCI_WAKE_ALL);
    cci_wake_if_any(&queue->room, CCI_WAKE_ALL);
}

bool cc_lfqueue_bounded_is_closed(const cc_lfqueue_bounded_t *queue)
{
    return (next_of(&queue->pushed) & CLOSED) != 0;
}

/* popped first: it is no more than pushed then. */
size_t cc_lfqueue_bounded_len(const cc_lfqueue_bounded_t *queue)
{
    uint64_t popped = next_of(&queue->popped);

    return least((next_of(&queue->pushed) & ~CLOSED) - popped, queue->capacity);
}

size_t cc_lfqueue_bounded_capacity(const cc_lfqueue_bounded_t *queue)
{
    return queue->capacity;
}

/* A power of two, at least 2: a slot of one position could not say which turn it is. 0: too many. */
static size_t slots_for(size_t capacity)
{
    size_t n = 2;

    if (capacity == 0 || capacity > PTRDIFF_MAX / sizeof(cci_place_t) / 2)
        return 0;
    while (n < capacity)
        n *= 2;
    return n;
}

cc_lfqueue_bounded_t *cc_lfqueue_bounded_create(size_t capacity)
{
    const size_t          n     = slots_for(capacity);
    cc_lfqueue_bounded_t *q     = n ? cc_alloc_aligned(sizeof *q, ALIGNMENT) : NULL;
    cci_place_t          *slots = q ? cc_alloc_aligned(n * sizeof *slots, ALIGNMENT) : NULL;

    if (!slots) {
        cc_free_aligned(q, sizeof *q, ALIGNMENT);
        return NULL;
    }
    *q = (cc_lfqueue_bounded_t){ .slots = slots, .capacity = n };
    for (size_t i = 0; i < n; i++)
        atomic_init(&slots[i].turn, i);
    return q;
}

void cc_lfqueue_bounded_destroy(cc_lfqueue_bounded_t *queue)
{
    if (!queue)
        return;
    cc_free_aligned(queue->slots, queue->capacity * sizeof *queue->slots, ALIGNMENT);
    cc_free_aligned(queue, sizeof *queue, ALIGNMENT);
}
