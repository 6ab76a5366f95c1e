/* SPDX-License-Identifier: MIT */
/* interleave.h - runs a few threads of atomic operations in every order, under every value that the
 * memory model of C lets a load return.
 *
 * The model is the view-based one of release and acquire (Kang et al., "A promising semantics for
 * relaxed-memory concurrency", 2017, without promises). A location is the list of its values in
 * modification order. A thread has a view, the oldest value of each location that it may still
 * read. A releasing store carries the view along, an acquiring load that reads it takes it over. A
 * sequentially consistent load reads nothing older than the last sequentially consistent store of
 * that location: the least that the language promises. Read-modify-writes read the newest value,
 * and continue the release that they read from.
 *
 * Fences: a releasing one fixes the view that later relaxed stores carry, an acquiring one takes over
 * what relaxed loads before it could have. Sequentially consistent fences do both, and hand one
 * view on from each to the next. What the system does to other threads (membarrier) is such a fence in
 * each of them, in any order, between two of the caller.
 *
 * So a load may return old values; a store is never placed before another, and a load never returns
 * a value that is stored only later. Behaviours that need either are not found; the protocols here
 * have none that would matter (each location has one writer at a time, or is changed by
 * read-modify-writes alone).
 *
 * A thread is a function that does one atomic operation a call, and keeps where it is in `at` and
 * what it read in `r`. Plain memory is a location that is read and written relaxed.
 *
 * Example: see tests/model/recorder_publish.c.
 */
#ifndef TEST_INTERLEAVE_H
#define TEST_INTERLEAVE_H
#include <stdbool.h>
#include <stdint.h>

enum {
    MODEL_THREADS_MAX   = 4,
    MODEL_LOCATIONS_MAX = 12,
    MODEL_VALUES_MAX    = 24,
    MODEL_REGISTERS     = 8
};

typedef enum { RELAXED, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST } model_order_t;

typedef struct model_view {
    uint8_t at[MODEL_LOCATIONS_MAX];
} model_view_t;

typedef struct model_thread {
    int          at;      /* the next operation; -1 = done */
    bool         blocked; /* until somebody sets it free */
    uint32_t     r[MODEL_REGISTERS];
    uint8_t      fenced; /* threads so far, a bit each, in model_fence_all */
    model_view_t view;
    model_view_t seen;     /* by relaxed loads: for an acquiring fence */
    model_view_t released; /* by the last releasing fence: for relaxed stores */
} model_thread_t;

typedef struct model model_t;

/* Do the thread's next operation. */
typedef void model_step_t(model_t *m, model_thread_t *t);

typedef struct model_program {
    unsigned      threads;
    model_step_t *step[MODEL_THREADS_MAX];
    /* Whether a run that ended, with every thread done or blocked, ended well; NULL: a step says so that
     * saw what must not be. */
    bool (*is_legal)(const model_t *m);
    const void *orders; /* the program's own */
} model_program_t;

struct model {
    const model_program_t *program;
    model_thread_t         thread[MODEL_THREADS_MAX];
    struct {
        uint32_t     value[MODEL_VALUES_MAX];
        model_view_t view[MODEL_VALUES_MAX]; /* that a reader takes over */
        uint8_t      count;
    } location[MODEL_LOCATIONS_MAX];
    model_view_t all;    /* the last sequentially consistent store of each location */
    model_view_t fences; /* handed from one sequentially consistent fence to the next */
    bool         wrong;  /* set by a step that saw what must not be */
    /* The choices of this run, for the next one to differ in the last. */
    struct {
        uint8_t made, of;
    } choice[256];
    unsigned choices, replayed;
};

uint32_t model_load(model_t *m, model_thread_t *t, unsigned location, model_order_t order);
void     model_store(model_t *m, model_thread_t *t, unsigned location, uint32_t value,
                     model_order_t order);

/* Compare and swap; on failure the value found is in *expected. */
bool model_cas(model_t *m, model_thread_t *t, unsigned location, uint32_t *expected, uint32_t value,
               model_order_t success, model_order_t failure);

/* Returns the value before. */
uint32_t model_add(model_t *m, model_thread_t *t, unsigned location, uint32_t value,
                   model_order_t order);

/* ACQUIRE, RELEASE, ACQ_REL or SEQ_CST; RELAXED is none. */
void model_fence(model_t *m, model_thread_t *t, model_order_t order);

/* One in every thread, and two in the caller: each call does one of them. True: that was the last. */
bool model_fence_all(model_t *m, model_thread_t *t);

/* Of plain memory: whether all that was written there happened before what the thread does now. */
bool model_knows(const model_t *m, const model_thread_t *t, unsigned location);

/* The newest value: for what the kernel sees, and at the end of a run. */
uint32_t model_newest(const model_t *m, unsigned location);

typedef struct model_result {
    uint64_t runs; /* those that came to what another had come to count as well */
    uint64_t illegal;
} model_result_t;

/* All runs, or those up to the first illegal one. What follows from one state is tried once. */
model_result_t model_explore(const model_program_t *program, bool all);

/* Prints the name with the number of runs; ends the test when there is an illegal run and legal was
 * wanted, or the other way round. */
void model_expect(const char *name, const model_program_t *program, bool legal);

/* The same of a model's own expect(name, orders, legal), with one of its orders_t changed. */
#define MODEL_CHANGED(expect, base, name, change, legal) \
    do {                                                 \
        orders_t o = base;                               \
        o.change;                                        \
        expect(name, o, legal);                          \
    } while (0)

#endif
