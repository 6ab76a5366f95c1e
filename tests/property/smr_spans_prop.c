/* SPDX-License-Identifier: MIT */
/* Property: spans say of every interval what a table of single eras says, as long as there are few enough;
 * with more they may say yes where it says no, and never the other way round. */
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "smr/spans.h"

enum { SEEDS = CCMEM_INSTRUMENTED ? 50 : 400, ERAS = 256, ADDS = 60, ASKED = 300 };

static cci_eras_t spans;
static bool       held[ERAS];
static unsigned   seed;

static _Noreturn void fail(const char *what, uint64_t lo, uint64_t up)
{
    fprintf(stderr, "seed %u: %s: %u to %u\n", seed, what, (unsigned)lo, (unsigned)up);
    exit(1);
}

static bool is_any_held(uint64_t lo, uint64_t up)
{
    for (uint64_t e = lo; e <= up; e++)
        if (held[e])
            return true;
    return false;
}

/* As they would be if there were room for all. */
static size_t count_runs(void)
{
    size_t n = 0;

    for (size_t e = 0; e < ERAS; e++)
        n += held[e] && (e == 0 || !held[e - 1]);
    return n;
}

static void check_order(void)
{
    if (spans.count > CCI_ERAS_MAX)
        fail("too many", 0, 0);
    for (size_t i = 0; i < spans.count; i++) {
        if (spans.at[i].lo > spans.at[i].up)
            fail("an empty one", spans.at[i].lo, spans.at[i].up);
        if (i > 0 && spans.at[i - 1].up >= spans.at[i].lo)
            fail("they meet", spans.at[i].lo, spans.at[i].up);
    }
}

static uint64_t below(uint64_t *rng, uint64_t n)
{
    return (cci_random_next(rng) >> 33) % n;
}

static void ask(uint64_t *rng, bool is_exact)
{
    uint64_t lo = below(rng, ERAS), up = lo + below(rng, ERAS - lo);
    bool     meets = cci_eras_meet(&spans, lo, up), expected = is_any_held(lo, up);

    if (expected && !meets)
        fail("missed", lo, up);
    if (is_exact && meets && !expected)
        fail("made up", lo, up);
}

/* Short ones stay apart, long ones meet. */
static void run(uint64_t longest)
{
    uint64_t rng      = cci_random_seed(seed);
    bool     is_exact = true;

    spans.count = 0;
    for (size_t e = 0; e < ERAS; e++)
        held[e] = false;
    for (int i = 0; i < ADDS; i++) {
        uint64_t lo = below(&rng, ERAS), up = lo + below(&rng, longest);
        up = up < ERAS ? up : ERAS - 1;
        cci_eras_add(&spans, lo, up);
        for (uint64_t e = lo; e <= up; e++)
            held[e] = true;
        /* Those that touch without an era between them are two here and one run there. */
        is_exact = is_exact && spans.count < CCI_ERAS_MAX && count_runs() < CCI_ERAS_MAX;
        check_order();
        for (int k = 0; k < ASKED / ADDS; k++)
            ask(&rng, is_exact);
    }
}

/* The end of time is an era as well. */
static void check_end_of_time(void)
{
    spans.count = 0;
    cci_eras_add(&spans, 10, UINT64_MAX);
    cci_eras_add(&spans, 5, 7);
    if (!cci_eras_meet(&spans, UINT64_MAX, UINT64_MAX) || !cci_eras_meet(&spans, 7, 9) ||
        cci_eras_meet(&spans, 8, 9) || cci_eras_meet(&spans, 0, 4))
        fail("the end of time", 10, 0);
}

int main(void)
{
    for (seed = 1; seed <= SEEDS; seed++) {
        run(1);
        run(4);
        run(40);
    }
    check_end_of_time();
    return 0;
}
