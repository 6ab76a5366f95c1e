/* SPDX-License-Identifier: MIT */
/* ccbench.c - see ccbench.h for the contract.
 *
 * The number of operations is doubled until a batch takes the wanted time. Those batches are the
 * warm-up; the one that is reported runs after them and is not chosen among several, because taking
 * the fastest of many hides what a program would see. With --ops one batch of exactly so many
 * operations runs, for whoever counts instructions instead of time.
 */
#include "ccbench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MS = 20, MAX_MS = 10000 };

#define MAX_OPS (UINT64_C(1) << 40) /* a run of so many was removed by the compiler */

struct batch {
    uint64_t ops, ns, ticks;
};

void ccbench_fail(const char *what, const char *why)
{
    fprintf(stderr, "ccmem: bench: %s: %s\n", what, why);
    exit(4);
}

static struct batch run_batch(const ccbench_case_t *c, uint64_t ops)
{
    uint64_t ticks = ccbench_ticks();
    uint64_t begin = ccbench_now_ns();

    c->run(ops);

    uint64_t end = ccbench_now_ns();
    return (struct batch){ .ops = ops, .ns = end - begin, .ticks = ccbench_ticks() - ticks };
}

/* How many operations take at least min_ns: 64 doubled until they do. */
static uint64_t calibrate(const ccbench_case_t *c, uint64_t min_ns)
{
    uint64_t ops = 64;

    while (run_batch(c, ops).ns < min_ns) {
        if (ops >= MAX_OPS)
            ccbench_fail(c->name, "its operation takes no time");
        ops *= 2;
    }
    return ops;
}

/* ops 0: as many as take min_ns. */
static void measure(const ccbench_case_t *c, uint64_t min_ns, uint64_t ops)
{
    if (c->setup)
        c->setup();
    struct batch b = run_batch(c, ops ? ops : calibrate(c, min_ns));
    if (c->teardown)
        c->teardown();
    printf("{\"case\": \"%s\", \"ns_per_op\": %.4f, \"ops\": %" PRIu64 ", \"ns\": %" PRIu64
           ", \"ticks_per_op\": %.4f}\n",
           c->name, (double)b.ns / (double)b.ops, b.ops, b.ns, (double)b.ticks / (double)b.ops);
}

static void list(const ccbench_case_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("{\"case\": \"%s\", \"what\": \"%s\"}\n", cases[i].name, cases[i].what);
}

static const ccbench_case_t *find(const ccbench_case_t *cases, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(cases[i].name, name))
            return &cases[i];
    return NULL;
}

/* A whole number from 1 to max, or 0 when text is none. */
static uint64_t parse(const char *text, uint64_t max)
{
    char              *end;
    unsigned long long n = strtoull(text, &end, 10);

    return *text >= '0' && *text <= '9' && !*end && n <= max ? n : 0;
}

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s --list | [--ms N | --ops N] CASE\n", program);
    return 2;
}

int ccbench_main(int argc, char **argv, const ccbench_case_t *cases, size_t count)
{
    uint64_t    ms = 0, ops = 0;
    const char *name = argc > 1 ? argv[argc - 1] : "";

    if (argc == 2 && !strcmp(name, "--list")) {
        list(cases, count);
        return fflush(stdout) ? 4 : 0;
    }
    if (argc == 2)
        ms = DEFAULT_MS;
    else if (argc == 4 && !strcmp(argv[1], "--ms"))
        ms = parse(argv[2], MAX_MS);
    else if (argc == 4 && !strcmp(argv[1], "--ops"))
        ops = parse(argv[2], MAX_OPS) & ~UINT64_C(63);
    const ccbench_case_t *c = find(cases, count, name);
    if (!c || (!ms && !ops))
        return usage(argv[0]);
    measure(c, ms * 1000000u, ops);
    return fflush(stdout) ? 4 : 0;
}
