/* SPDX-License-Identifier: MIT */
/* history.h - what threads did to a structure, and whether some order of it explains the results.
 *
 * Each thread notes its operations: when it began, what it found, what it left. Afterwards the
 * operations are put in an order, one after the other, such that whatever ended before another one
 * began stands before it, and every result is what a structure used by a single thread would give. When
 * there is no such order the structure is not linearisable (Herlihy and Wing, 1990).
 *
 * Example, a map; every operation is "found this, left that", whatever it is called:
 *   history_t *h = history_create(THREADS, OPERATIONS_OF_A_THREAD);
 *   ... in thread t:
 *       uint64_t began = history_begin(h);
 *       bool     was   = cc_skipmap_remove(map, key, &old);
 *       history_end(h, t, began, key, was ? old : HISTORY_ABSENT, HISTORY_ABSENT);
 *   ... when all threads are done:
 *       if (history_check_map(h) != HISTORY_LEGAL)
 *           puts(history_why(h));
 *       history_destroy(h);
 * and the other operations:
 *   get            found: its value, or ABSENT;  left: SAME
 *   contains       found: PRESENT or ABSENT;     left: SAME
 *   put            found: the old value, ABSENT, or ANY when it does not tell;  left: the value
 *   put_if_absent  found: ABSENT;  left: the value; when there was one: found: it or PRESENT; left: SAME
 *   replace        found: the old value or PRESENT;  left: the value; when none: ABSENT, SAME
 *   compute        found: what the callback was given;  left: what it returned
 *   push           found: ANY;  left: the value, which no other push has
 *   pop            found: the value, or ABSENT;  left: ABSENT
 *   peek           found: the value, or ABSENT;  left: SAME; the key of these is 0
 * A batch is several operations that began at the same time.
 *
 * Time     A counter that all threads share: who begins loads it, who ends adds one. An operation
 *          precedes another one when that loaded what its end added, and so happens before it in the
 *          sense of the language: no clock promises that, least of all of a store that has not left
 *          the processor. Orders that the counter did not see are not held against the structure. Cost: a
 *          read-modify-write an operation, after it.
 * Source   Wing and Gong, "Testing and verifying concurrent objects", 1993; Lowe, "Testing for
 *          linearizability", 2017 (just in time: operations are put in order when one ends that was
 *          not; with the set of all states met). Henzinger, Sezgin, Vafeiadis, "Aspect-oriented
 *          linearizability proofs", CONCUR 2013, for long runs of a queue.
 */
#ifndef TEST_HISTORY_H
#define TEST_HISTORY_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is no value; values are below. */
#define HISTORY_ABSENT  (UINT64_MAX)     /* there is none */
#define HISTORY_PRESENT (UINT64_MAX - 1) /* found: one or another */
#define HISTORY_ANY     (UINT64_MAX - 2) /* found: one, or none */
#define HISTORY_SAME    (UINT64_MAX - 3) /* left: as it was found */

/* The most operations that are under way at a time, and values that a queue or stack holds for
 * history_check_queue and _stack. */
enum { HISTORY_PENDING_MAX = 64, HISTORY_HELD_MAX = 31 };

typedef enum {
    HISTORY_LEGAL,
    HISTORY_ILLEGAL,
    HISTORY_UNDECIDED /* too many states, pending operations or values held */
} history_verdict_t;

typedef struct history_operation {
    uint64_t begin, end; /* a precedes b: a.end < b.begin */
    uint64_t key, found, left;
    unsigned thread;
} history_operation_t;

typedef struct history_log {
    history_operation_t *at;
    size_t               count;
    unsigned char        distance[112];
} history_log_t;

typedef struct history {
    _Atomic uint64_t     now;
    unsigned char        distance[120];
    unsigned             threads;
    size_t               each; /* room for operations */
    history_log_t       *log;
    history_operation_t *all; /* of all threads, once it is checked */
    size_t               count;
    char                 why[4096];
} history_t;

/* Room for so many operations of each thread; threads are numbers from 0. Ends the test when there is
 * no memory. */
history_t *history_create(unsigned threads, size_t each);
void       history_destroy(history_t *h);

/* Acquire: the operation is after whatever ended before. */
static inline uint64_t history_begin(history_t *h)
{
    return atomic_load_explicit(&h->now, memory_order_acquire);
}

/* The thread has done an operation on the key that began then. */
void history_end(history_t *h, unsigned thread, uint64_t began, uint64_t key, uint64_t found,
                 uint64_t left);

/* A map whose keys are absent at first, key by key: operations of different keys go their own ways, so
 * that the whole is linearisable when each key is. O(n log n) for the usual run. */
history_verdict_t history_check_map(history_t *h);

/* A queue, a stack, empty at first. As many states as there are orders that nothing has told apart yet:
 * keep it short, or keep few values in it. */
history_verdict_t history_check_queue(history_t *h);
history_verdict_t history_check_stack(history_t *h);

/* Long runs of a queue, a stack: no value is popped twice, before it is pushed, or out of order, and
 * a pop finds nothing only when there may have been a moment without values. For a queue whose
 * operations all ended that is all there is to be wrong; of a stack it finds two values in the wrong
 * order, not every illegal history. When the last operation is a pop that found nothing, no value
 * was lost. Peeks are passed by. O(n log n). */
history_verdict_t history_check_queue_values(history_t *h);
history_verdict_t history_check_stack_values(history_t *h);

/* What is wrong, after a check: the operations that nothing explains. */
const char *history_why(const history_t *h);

/* ---- for those that check ---- */

/* The operations of all threads, by key and begin: in h->all. */
void history_merge(history_t *h);

/* Put a line behind what history_why says. */
void history_say(history_t *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
void history_say_operation(history_t *h, const history_operation_t *o);

#endif
