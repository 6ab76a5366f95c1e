/* SPDX-License-Identifier: MIT */
/* report/rank.h - the sites that matter most. */
#ifndef CCI_REPORT_RANK_H
#define CCI_REPORT_RANK_H
#include <stdbool.h>
#include "profile/profile.h"

typedef enum { CCI_RANK_PEAK, CCI_RANK_COUNT, CCI_RANK_LEAK } cci_rank_t;
enum { CCI_RANKS = CCI_RANK_LEAK + 1 };

/* What a site counts for. */
uint64_t cci_rank_value(const cci_site_t *site, cci_rank_t rank);

/* Up to n sites that have any, the most first, the older first where equal; *count of them in
 * *out, which the caller frees. False: out of memory. O(sites * log sites). */
bool cci_rank_sites(const cci_profile_t *p, cci_rank_t rank, size_t n, uint32_t **out,
                    size_t *count);

/* Whether each site is to be shown, by its number; the caller frees it. top: so many of each rank;
 * 0: all but those from before the range that nothing has happened to in it. NULL: out of memory. */
bool *cci_rank_choose(const cci_profile_t *p, size_t top);

#endif
