/* SPDX-License-Identifier: MIT */
/* observer.c - see observer.h. The observer is there before the bins are hidden, and goes before they
 * are shown: a call that comes to the library in between is served either way. */
#include "heap/observer.h"
#include "heap/bins.h"

_Atomic(const cci_observer_t *) cci_heap_observer_now;

void cci_heap_observe(const cci_observer_t *o)
{
    atomic_store_explicit(&cci_heap_observer_now, o, memory_order_release); /* pairs: observer */
    if (o)
        cci_bins_hide();
    else
        cci_bins_show();
}
