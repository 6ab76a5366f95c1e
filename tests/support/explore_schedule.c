/* SPDX-License-Identifier: MIT */
/* explore_schedule.c - which runs there are: choices, in the order of a search in depth; and what is said of a
 * run that fails.
 *
 * A run is told by its switches: at which step, counted over all threads, which thread went on. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/explore_parts.h"

enum { CHOICES_MAX = 1 << 15, SWITCHES_MAX = 1024, STEPS_MAX = 100000 };

typedef struct change {
    unsigned step, thread;
} change_t;

static const explore_program_t *program;

static struct {
    unsigned made, of;
} choice[CHOICES_MAX];
static unsigned choices, replayed; /* of the run; of those, how many were made already */

/* The run. */
static unsigned bound, preemptions, steps, switches;
static change_t change[SWITCHES_MAX];
static bool     is_known;
static uint64_t runs; /* of the program, with all bounds */

/* What EXPLORE_REPLAY wants. */
static char     wanted_name[64];
static change_t wanted[SWITCHES_MAX];
static unsigned wanted_count;

/* ---- failures ---- */

static void print_run(void)
{
    fprintf(stderr, "EXPLORE_REPLAY='%s", program->name);
    for (unsigned i = 0; i < switches; i++)
        fprintf(stderr, " %u:%u", change[i].step, change[i].thread);
    fputs("'\n", stderr);
    explore_calls_print();
}

void explore_fail(const char *format, ...)
{
    va_list list;

    fprintf(stderr, "%s, run %llu, preemptions: %u: thread %u at step %u: ",
            program ? program->name : "explore", (unsigned long long)runs, preemptions,
            explore_self(), steps);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    if (program)
        print_run();
    fflush(NULL);
    _exit(1);
}

static void fail_by_signal(int number)
{
    explore_fail("signal %d", number);
}

/* ---- choices ---- */

bool explore_may_preempt(void)
{
    return preemptions < bound;
}

void explore_is_known(void)
{
    is_known = true;
}

unsigned explore_choose(unsigned options, bool costs)
{
    if (options < 2 || is_known)
        return 0;
    if (choices == CHOICES_MAX)
        explore_fail("explore: more than %d choices", CHOICES_MAX);
    if (choices == replayed) {
        choice[choices].made = 0;
        choice[choices].of   = options;
        replayed++;
    } else if (choice[choices].of != options) {
        explore_fail("explore: the program does another thing under the same schedule");
    }
    const unsigned made = choice[choices++].made;
    preemptions += costs && made > 0;
    return made;
}

/* The next run differs in the last choice that can be made otherwise. False: there is none. */
static bool choose_next(void)
{
    while (choices > 0 && choice[choices - 1].made + 1 == choice[choices - 1].of)
        choices--;
    if (choices == 0)
        return false;
    choice[choices - 1].made++;
    replayed = choices;
    return true;
}

/* ---- steps ---- */

bool explore_replays(void)
{
    return wanted_count > 0;
}

static int wanted_at(unsigned step)
{
    return switches < wanted_count && wanted[switches].step == step ? (int)wanted[switches].thread
                                                                    : -1;
}

int explore_step(const char *what, const void *p)
{
    char name[48];

    if (++steps > STEPS_MAX)
        explore_fail("the threads do not end");
    if (!explore_replays())
        return -1;
    explore_memory_name(p, name);
    fprintf(stderr, "%5u  thread %u %s %s\n", steps, explore_self(), what, name);
    return wanted_at(steps);
}

void explore_note_switch(unsigned thread)
{
    if (switches < SWITCHES_MAX)
        change[switches++] = (change_t){ steps, thread };
}

/* ---- runs ---- */

static void run(void)
{
    choices = preemptions = steps = switches = 0;
    is_known                                 = false;
    explore_calls_begin();
    explore_memory_begin();
    program->begin(program->plan);
    if (program->prepare)
        explore_prepare(program);
    explore_act(program);
    program->end(program->plan);
    explore_memory_end();
}

/* Those of at most `bound` preemptions, as far as it is known where they are worth while. */
static uint64_t run_all(void)
{
    uint64_t count = 0;

    replayed = 0;
    do {
        runs++;
        run();
        count++;
    } while (choose_next());
    return count;
}

static unsigned bound_of(const explore_program_t *p)
{
    const char *given = getenv("EXPLORE_BOUND");

    return given ? (unsigned)strtoul(given, NULL, 10) : p->bound;
}

/* From none on: so a failure comes with as few as can be. */
static void explore(const explore_program_t *p)
{
    uint64_t count = 0;

    program = p;
    runs    = 0;
    explore_threads_start(p->threads);
    explore_memory_forget();
    for (bound = 0; bound <= bound_of(p); bound++)
        do
            count = run_all();
        while (explore_memory_learn());
    printf("%-32s %9llu schedules, preemptions: %u\n", p->name, (unsigned long long)count,
           bound - 1);
    fflush(stdout);
}

/* ---- replay ---- */

static bool read_wanted(const char *text)
{
    int n = 0;

    if (sscanf(text, "%63s%n", wanted_name, &n) != 1)
        return false;
    for (text += n; wanted_count < SWITCHES_MAX; text += n, wanted_count++) {
        change_t *c = &wanted[wanted_count];
        if (sscanf(text, " %u:%u%n", &c->step, &c->thread, &n) != 2)
            break;
    }
    return wanted_count > 0;
}

static void replay(const explore_program_t *p)
{
    program = p;
    explore_threads_start(p->threads);
    run();
    puts("nothing is wrong");
}

/* ---- programs ---- */

/* One thread runs at a time: on one processor it is handed on soonest. */
static void stay_on_one_processor(void)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
}

static bool is_wanted(const explore_program_t *p, const char *name)
{
    return !name || strcmp(p->name, name) == 0;
}

int explore_main(int argc, char **argv, const explore_program_t *programs, size_t count)
{
    const char *again = getenv("EXPLORE_REPLAY");
    const char *name  = again ? wanted_name : argc > 1 ? argv[1] : NULL;
    size_t      done  = 0;

    if (again && !read_wanted(again))
        explore_fail("EXPLORE_REPLAY is: name step:thread ...");
    signal(SIGSEGV, fail_by_signal);
    signal(SIGBUS, fail_by_signal);
    signal(SIGABRT, fail_by_signal);
    stay_on_one_processor();
    for (size_t i = 0; i < count; i++)
        if (is_wanted(&programs[i], name)) {
            (again ? replay : explore)(&programs[i]);
            done++;
        }
    return done > 0 ? 0 : 2;
}
