/* SPDX-License-Identifier: MIT */
/* michael_scott.h - the queue that others are measured by: a list with a node before its first word.
 *
 * Michael, Scott, "Simple, fast, and practical non-blocking and blocking concurrent queue algorithms",
 * PODC 1996; its nodes are those of ccmem/smr.h. The head's next is read while the head is still in the
 * queue: it is read again afterwards that it is, as IBR asks for.
 */
#ifndef MICHAEL_SCOTT_H
#define MICHAEL_SCOTT_H
#include <stdbool.h>
#include <stdint.h>

#include <ccmem/smr.h>

#include <ccbench.h>

struct ms_node {
    cc_smr_node_t   smr;
    uint64_t        word;
    struct ms_node *next;
};

struct ms_queue {
    cc_smr_t       *domain;
    struct ms_node *head __attribute__((aligned(128)));
    struct ms_node *tail __attribute__((aligned(128)));
};

static inline bool ms_swing(struct ms_node **from, struct ms_node *expected, struct ms_node *to)
{
    return __atomic_compare_exchange_n(from, &expected, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static inline struct ms_node *ms_load(struct ms_node **from)
{
    return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

static inline struct ms_node *ms_node_new(cc_smr_guard_t *guard, uint64_t word)
{
    struct ms_node *n = guard ? cc_smr_alloc(guard, sizeof *n) : NULL;

    if (!n)
        ccbench_fail("michael-scott", "no memory");
    n->word = word;
    n->next = NULL;
    return n;
}

static inline void ms_init(struct ms_queue *q)
{
    q->domain = cc_smr_create(NULL);
    if (!q->domain)
        ccbench_fail("michael-scott", "no memory");
    cc_smr_guard_t *guard = cc_smr_enter(q->domain);
    q->head = q->tail = ms_node_new(guard, 0);
    cc_smr_leave(guard);
}

static inline void ms_push(struct ms_queue *q, uint64_t word)
{
    cc_smr_guard_t *guard = cc_smr_enter(q->domain);
    struct ms_node *n     = ms_node_new(guard, word);

    for (;;) {
        struct ms_node *last = cc_smr_protect(guard, &q->tail), *next = ms_load(&last->next);
        if (next)
            ms_swing(&q->tail, last, next);
        else if (ms_swing(&last->next, NULL, n)) {
            ms_swing(&q->tail, last, n);
            break;
        }
    }
    cc_smr_leave(guard);
}

/* The first word is that of the node behind head, which becomes head. False: empty. */
static inline bool ms_pop(struct ms_queue *q, uint64_t *word)
{
    cc_smr_guard_t *guard = cc_smr_enter(q->domain);
    struct ms_node *first, *next;

    for (;;) {
        first = cc_smr_protect(guard, &q->head);
        next  = cc_smr_protect(guard, &first->next);
        if (ms_load(&q->head) != first)
            continue;
        if (!next)
            break;
        struct ms_node *last = ms_load(&q->tail);
        if (first == last) {
            ms_swing(&q->tail, last, next);
            continue;
        }
        *word = next->word;
        if (ms_swing(&q->head, first, next)) {
            cc_smr_retire(guard, first, sizeof *first, NULL);
            break;
        }
    }
    cc_smr_leave(guard);
    return next != NULL;
}

#endif
