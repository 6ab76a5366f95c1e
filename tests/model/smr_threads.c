/* SPDX-License-Identifier: MIT */
/* The protocol of readers with fences once more, as a program of threads, for checkers that take such
 * (GenMC: tests/integration/genmc_test.py, which changes it by CHANGE). By itself it is one run of many.
 *
 * A reader reads what is shared, in SECTIONS sections; a writer takes a node out, puts another there, and
 * takes that out again; each begins an era. A node is freed by writing to it: so a read that is not
 * before is a data race, and one that comes after sees it. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef CHANGE
#define CHANGE 0
#endif
#ifndef SECTIONS
#define SECTIONS 2
#endif

enum { IDLE = 100, MADE = 1, GONE = 2, NODES = 2 };

typedef struct node {
    int body;
    int birth;
} node_t;

static node_t            nodes[NODES];
static _Atomic(node_t *) shared;
static atomic_int        era, lo = IDLE, up; /* up stays when he leaves */

#define ORDER(number, weaker, order) (CHANGE == (number) ? (weaker) : (order))
#define relaxed                      memory_order_relaxed
#define acquire                      memory_order_acquire
#define release                      memory_order_release
#define acq_rel                      memory_order_acq_rel
#define seq_cst                      memory_order_seq_cst

/* ThreadSanitizer understands no fences. */
#if defined(__SANITIZE_THREAD__)
static void fence(memory_order order)
{
    static atomic_int everybody;

    atomic_fetch_add_explicit(&everybody, 0, order);
}
#else
#define fence(order) atomic_thread_fence(order)
#endif

/* ---- a reader ---- */

static int enter(void)
{
    int now = atomic_load_explicit(&era, acquire);

    atomic_store_explicit(&lo, now, ORDER(1, relaxed, release));
    atomic_store_explicit(&up, now, release);
    fence(ORDER(2, acq_rel, seq_cst));
    return now;
}

static node_t *protect(int *mine)
{
    for (;;) {
        node_t *n   = atomic_load_explicit(&shared, ORDER(3, relaxed, acquire));
        int     now = atomic_load_explicit(&era, relaxed);
        if (now == *mine || CHANGE == 4)
            return n;
        *mine = now;
        atomic_store_explicit(&up, now, release);
        fence(ORDER(5, acq_rel, seq_cst));
        if (CHANGE == 6)
            return n;
    }
}

static void leave(void)
{
    atomic_store_explicit(&lo, IDLE, ORDER(7, relaxed, release));
}

static void *read_shared(void *unused)
{
    for (int section = 0; section < SECTIONS; section++) {
        int     mine = enter();
        node_t *n    = protect(&mine);
        if (n)
            assert(n->body == MADE);
        leave();
    }
    return unused;
}

/* ---- a writer ---- */

static void make(node_t *n)
{
    n->body  = MADE;
    n->birth = atomic_load_explicit(&era, relaxed);
}

static void retire(node_t *n)
{
    int retired = atomic_fetch_add_explicit(&era, 1, ORDER(8, relaxed, acq_rel));

    fence(ORDER(9, acq_rel, seq_cst));
    int last  = atomic_load_explicit(&up, ORDER(10, relaxed, acquire));
    int first = atomic_load_explicit(&lo, ORDER(10, relaxed, acquire));
    if (first == IDLE || first > retired || (last >= first && last < n->birth))
        n->body = GONE;
}

static void take_out(node_t *n)
{
    atomic_store_explicit(&shared, NULL, release);
    retire(n);
}

/* The second one is born in a later era, so that a reader has to raise up. */
static void *write_shared(void *unused)
{
    take_out(&nodes[0]);
    make(&nodes[1]);
    atomic_store_explicit(&shared, &nodes[1], ORDER(11, relaxed, release));
    take_out(&nodes[1]);
    return unused;
}

int main(void)
{
    pthread_t reader, writer;

    make(&nodes[0]);
    atomic_store_explicit(&shared, &nodes[0], release);
    if (pthread_create(&reader, NULL, read_shared, NULL) != 0 ||
        pthread_create(&writer, NULL, write_shared, NULL) != 0)
        return 1;
    pthread_join(reader, NULL);
    pthread_join(writer, NULL);
    return 0;
}
