/* SPDX-License-Identifier: MIT */
/* record/sampler.c - see record/sampler.h. */
#include "record/sampler.h"
#include "base/random.h"
#include "record/thread.h"

/* An address is in one of the WINDOW slots that its hash names, so removing one leaves no trace
 * behind and nothing ever has to be rebuilt. */
enum { TABLE_BITS = 17, WINDOW = 16, FILTER_STUCK = UINT8_MAX };

_Atomic uint8_t          cci_sampler_filter[1 << CCI_FILTER_BITS];
static _Atomic uintptr_t table[(1 << TABLE_BITS) + WINDOW];

static _Atomic uintptr_t *window_of(uintptr_t ptr)
{
    return &table[cci_sampler_hash(ptr) << 7 >> (64 - TABLE_BITS)];
}

static _Atomic uint8_t *filter_of(uintptr_t ptr)
{
    return &cci_sampler_filter[cci_sampler_hash(ptr) >> (64 - CCI_FILTER_BITS)];
}

/* A counter that reached its end stays there: it no longer helps, and never lies. */
static void filter_add(_Atomic uint8_t *counter, int by)
{
    uint8_t seen = atomic_load_explicit(counter, memory_order_relaxed);

    while (seen != FILTER_STUCK &&
           !atomic_compare_exchange_weak_explicit(counter, &seen, (uint8_t)(seen + by),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* Relaxed suffices: a thread that frees an address got it from the one that allocated it, and what
 * made the address visible to it made this visible too. */
bool cci_sampler_insert(uintptr_t ptr)
{
    _Atomic uintptr_t *slot = window_of(ptr);

    for (int i = 0; i < WINDOW; i++) {
        uintptr_t empty = 0;
        if (atomic_compare_exchange_strong_explicit(&slot[i], &empty, ptr, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            filter_add(filter_of(ptr), 1);
            return true;
        }
    }
    return false;
}

bool cci_sampler_remove(uintptr_t ptr)
{
    _Atomic uintptr_t *slot = window_of(ptr);

    for (int i = 0; i < WINDOW; i++)
        if (atomic_load_explicit(&slot[i], memory_order_relaxed) == ptr) {
            filter_add(filter_of(ptr), -1);
            atomic_store_explicit(&slot[i], 0, memory_order_relaxed);
            return true;
        }
    return false;
}

int64_t cci_sampler_gap(cci_thread_t *t)
{
    double gap = cci_random_exponential(&t->random, t->sample_interval);
    return gap < CCI_COUNTDOWN_MAX ? (int64_t)gap + 1 : CCI_COUNTDOWN_MAX;
}

void cci_sampler_seed(cci_thread_t *t, uint64_t seed)
{
    uint64_t own = seed ? seed : cci_clock_ns(CLOCK_REALTIME) ^ (uint64_t)(uintptr_t)t;

    t->random = cci_random_seed(own + ((uint64_t)t->index << 32));
    if (t->mode == CCI_MODE_SAMPLE)
        t->countdown = cci_sampler_gap(t);
    else
        t->countdown = t->mode == CCI_MODE_COUNT ? CCI_COUNTDOWN_MAX : 0;
}

/* Reads first: pages never written are not to be made only to be zero. */
void cci_sampler_forget(void)
{
    for (size_t i = 0; i < sizeof cci_sampler_filter / sizeof *cci_sampler_filter; i++)
        if (cci_sampler_filter[i])
            cci_sampler_filter[i] = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i])
            table[i] = 0;
}
