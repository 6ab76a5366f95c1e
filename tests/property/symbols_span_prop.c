/* SPDX-License-Identifier: MIT */
/* Property: for any ranges, an address is found in the innermost one that holds it, as a search
 * through all of them says; sealed pieces are disjoint and in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "symbols/span.h"

enum { SEEDS = 400, RANGES_MAX = 40 };

static uint32_t next_random(uint32_t *r)
{
    *r ^= *r << 13;
    *r ^= *r >> 17;
    *r ^= *r << 5;
    return *r;
}

static bool is_inner(const cci_span_t *x, const cci_span_t *than)
{
    if (x->lo != than->lo)
        return x->lo > than->lo;
    if (x->hi != than->hi)
        return x->hi < than->hi;
    return x->value > than->value;
}

static const cci_span_t *model_find(const cci_span_t *all, size_t count, uint64_t at)
{
    const cci_span_t *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (all[i].lo <= at && at < all[i].hi && (!best || is_inner(&all[i], best)))
            best = &all[i];
    return best;
}

/* Small addresses, so that ranges meet; base moves some tables to the end of all addresses. */
static void check(uint32_t seed)
{
    uint32_t    r     = seed * 2654435761u + 1;
    uint64_t    base  = seed % 4 == 0 ? UINT64_MAX - 100 : 0;
    size_t      count = next_random(&r) % RANGES_MAX;
    cci_span_t  all[RANGES_MAX];
    cci_spans_t t = { 0 };

    for (size_t i = 0; i < count; i++) {
        uint64_t lo = base + next_random(&r) % 60;
        all[i]      = (cci_span_t){ lo, lo + next_random(&r) % 40, next_random(&r) % 8 };
        if (next_random(&r) % 16 == 0)
            all[i].hi = lo - lo % 7; /* empty or reversed */
        assert_true(cci_spans_add(&t, all[i].lo, all[i].hi, all[i].value));
    }
    assert_true(cci_spans_seal(&t));
    for (size_t i = 0; i < t.count; i++) {
        assert_true(t.span[i].lo < t.span[i].hi);
        assert_true(i == 0 || t.span[i - 1].hi <= t.span[i].lo);
    }
    for (uint64_t at = 0; at <= 100; at++) {
        const cci_span_t *expected = model_find(all, count, base + at);
        uint32_t          value    = 99;
        bool              found    = cci_spans_find(&t, base + at, &value);
        if (found != (expected != NULL) || (found && value != expected->value))
            fail_msg("seed %u, address %u", (unsigned)seed, (unsigned)at);
    }
    cci_spans_fini(&t);
}

static void innermost_range_is_found(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= SEEDS; seed++)
        check(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(innermost_range_is_found) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
