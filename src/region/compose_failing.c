/* SPDX-License-Identifier: MIT */
/* compose_failing.c - see ccmem/compose.h.
 *
 * Every rule sees every request, also one that another rule has failed already: which requests a rule
 * means does not depend on the others.
 */
#include <stdbool.h>
#include <ccmem/compose.h>
#include "base/random.h"
#include "prim/fault.h"

/* Chances are compared as numbers of this many bits, all that a double holds. */
enum { CHANCE_BITS = 53 };

static bool is_the_one(cc_failing_t *f)
{
    return f->at && --f->at == 0;
}

static bool is_its_turn(cc_failing_t *f)
{
    if (f->every == 0 || ++f->since < f->every)
        return false;
    f->since = 0;
    return true;
}

static bool is_bad_luck(cc_failing_t *f)
{
    return f->chance && cci_random_next(&f->random) >> (64 - CHANCE_BITS) < f->chance;
}

static void *failing_alloc(void *self, size_t size, size_t align)
{
    cc_failing_t *f     = self;
    bool          fails = is_the_one(f);

    fails |= is_its_turn(f);
    fails |= is_bad_luck(f);
    f->now.request_count++;
    f->now.failed_count += fails;
    return fails ? NULL : cc_allocator_alloc(f->parent, size, align);
}

static void failing_free(void *self, void *ptr, size_t size, size_t align)
{
    cc_failing_t *f = self;

    cc_allocator_free(f->parent, ptr, size, align);
}

void cc_failing_init(cc_failing_t *f, cc_allocator_t parent)
{
    *f = (cc_failing_t){ .parent = parent };
}

void cc_failing_at(cc_failing_t *f, uint64_t k)
{
    f->at = k;
}

void cc_failing_every(cc_failing_t *f, uint64_t n)
{
    f->every = n;
    f->since = 0;
}

void cc_failing_randomly(cc_failing_t *f, double chance, uint64_t seed)
{
    if (!(chance >= 0 && chance <= 1)) /* no number is neither */
        cci_fault("failing", "a chance of %g, not 0 to 1", chance);
    f->chance = (uint64_t)(chance * (double)(UINT64_C(1) << CHANCE_BITS));
    f->random = cci_random_seed(seed);
}

cc_allocator_t cc_failing_allocator(cc_failing_t *f)
{
    static const cc_allocator_ops_t ops = { failing_alloc, failing_free };

    return (cc_allocator_t){ &ops, f };
}

cc_failing_stats_t cc_failing_stats(const cc_failing_t *f)
{
    return f->now;
}
