/* SPDX-License-Identifier: MIT */
/* explore.h - runs the real sources of lock-free structures under chosen schedules, all of those with a few
 * preemptions.
 *
 * The sources are compiled with the calls that ThreadSanitizer's pass puts before each access to memory,
 * and the calls come here (explore_hooks.c). Threads are real ones, of which one runs at a time; at an
 * access another one may go on instead. A program is run again and again, each time with another
 * choice somewhere, until all schedules of at most `bound` preemptions were tried. A switch that has to
 * be, because a thread is done, or waits, is not counted as one.
 *
 * Where to switch. Before an access, atomic or plain, to a word that another thread uses, too, and that
 * one of them writes, in this run or in any other: which words these are is learned, and a bound is tried
 * again until nothing is learned any more. Freeing a block is writing all of it. Of two schedules that
 * differ in the order of accesses to different words one is tried: a thread that was preempted before an access
 * and goes on before anybody has touched that word could as well have been preempted later.
 * A thread that goes round in a loop (cci_cpu_relax) may be left at its first rounds, and one that
 * yields is left, unless that costs a preemption.
 *
 * What is found. A result that no order of the calls explains; an access to a block that is freed, or
 * that is none; a block that is freed twice, or with another size, or never; an invalid structure, which
 * the program says; threads that wait for each other, or do not end. The run is told, and how to do it
 * again.
 *
 * Memory is sequentially consistent here: what weaker orders allow is for tests/model. Schedules of more
 * preemptions are not tried, and loops are not left in each of their rounds.
 *
 * Source   Musuvathi, Qadeer, "Iterative context bounding for systematic testing of multithreaded
 *          programs", PLDI 2007. Godefroid, "Partial-order methods", 1996: sleep sets, of which the part
 *          is used that costs no preemption more.
 *
 * Environment: EXPLORE_BOUND=N preemptions instead of each program's own; EXPLORE_REPLAY: one run, as a
 * failure prints it, with every step told. A name as the program's argument: that one alone.
 */
#ifndef TEST_EXPLORE_H
#define TEST_EXPLORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXPLORE_THREADS = 3, EXPLORE_CALLS = 30, EXPLORE_ITEMS = 12 };

typedef struct explore_program {
    const char *name;
    unsigned    threads, bound;
    const void *plan;                /* for the functions to know what to do */
    void (*begin)(const void *plan); /* makes the structure; alone */
    void (*prepare)(const void *plan,
                    unsigned    self);               /* each thread, one after the other; or NULL */
    void (*act)(const void *plan, unsigned self); /* each thread, under a schedule */
    void (*end)(const void *plan); /* looks at it, and ends it; alone. All blocks are freed then */
} explore_program_t;

/* Runs them all, or those that the arguments and the environment name. For main. */
int explore_main(int argc, char **argv, const explore_program_t *programs, size_t count);

#define EXPLORE_PROGRAMS(argc, argv, programs) \
    explore_main(argc, argv, programs, sizeof(programs) / sizeof *(programs))

/* Ends the test, and tells the run. */
void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define EXPLORE_CHECK(e)                                       \
    do {                                                       \
        if (!(e))                                              \
            explore_fail("%s:%d: %s", __FILE__, __LINE__, #e); \
    } while (0)

/* The calling thread does what it does when it ends: the destructors of its keys. */
void explore_thread_exit(void);

/* ---- calls, and whether an order explains them ---- */

/* What a structure that one thread uses has: of a map a value a key, 0: none; of a list its words. */
typedef struct explore_state {
    uintptr_t at[EXPLORE_ITEMS];
    unsigned  count;
} explore_state_t;

typedef struct explore_call explore_call_t;

/* An operation; step does it, and says whether it would have had that result. */
typedef struct explore_operation {
    const char *name;
    bool (*step)(explore_state_t *s, const explore_call_t *c);
} explore_operation_t;

struct explore_call {
    const explore_operation_t *operation;
    uintptr_t                  key, value;
    int                        result;
    uintptr_t                  got_key, got;
    unsigned                   thread, began, ended;
};

/* Begin a call, and end it. */
explore_call_t *explore_call(const explore_operation_t *operation, uintptr_t key, uintptr_t value);
void            explore_return(explore_call_t *call, int result, uintptr_t got_key, uintptr_t got);

/* It did nothing that has to be explained. */
void explore_forget(explore_call_t *call);

/* Some order of all calls of this run explains them: whatever ended before another began is before it. */
void explore_expect_order(explore_state_t initial);

#endif
