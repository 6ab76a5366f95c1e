/* SPDX-License-Identifier: MIT */
/* explore_domain.h - domains under support/explore.h: nothing waits for more of its kind. */
#ifndef TEST_EXPLORE_DOMAIN_H
#define TEST_EXPLORE_DOMAIN_H
#include <ccmem/smr.h>
#include "support/explore.h"

/* Each node is born in an era of its own, as far as one thread makes them, and freed as soon as can be. */
static inline cc_smr_t *explore_eager(cc_smr_scheme_t scheme)
{
    const cc_smr_options_t o = { .scheme = scheme, .era_step = 1, .scan_step = 1 };

    return cc_smr_create(&o);
}

/* The thread becomes known to the domain. Its first nodes would be of the era that was there before. */
static inline void explore_join(cc_smr_t *domain)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    for (int i = 0; i < 2; i++)
        cc_smr_free(cc_smr_alloc(g, sizeof(cc_smr_node_t)), sizeof(cc_smr_node_t));
    cc_smr_leave(g);
}

#endif
