/* SPDX-License-Identifier: MIT */
/* profile/diff.h - two runs side by side: what changed at which place.
 *
 * A place is what the sites of both runs have in common; somebody else has numbered it for each
 * site (report/places.h does, by names). One place may hold several sites of a run: its figures are
 * their sums. It may hold none: then the place appeared, or vanished.
 *
 * Many places are looked at, so in samples many would differ significantly by chance alone: one
 * in twenty. What is called significant here passes the procedure of Benjamini and Hochberg (1995)
 * instead, for each amount over all places: of the differences shown, at most one in twenty is
 * expected to be chance. Exact figures that differ are all significant.
 *
 * Failure  NULL: out of memory.
 */
#ifndef CCI_PROFILE_DIFF_H
#define CCI_PROFILE_DIFF_H
#include <ccmem/api.h>
#include "profile/fields.h"

typedef enum { CCI_OLD, CCI_NEW } cci_side_t;
enum { CCI_SIDES = 2 };

/* What happened to a place, by its amounts that changed significantly. It grew or shrank in what it
 * costs: blocks, bytes, peaks, leaks. */
typedef enum {
    CCI_PLACE_SAME,
    CCI_PLACE_APPEARED,
    CCI_PLACE_VANISHED,
    CCI_PLACE_GREW,
    CCI_PLACE_SHRANK,
    CCI_PLACE_CHANGED /* in both directions, or in nothing that costs */
} cci_place_change_t;
enum { CCI_PLACE_CHANGES = CCI_PLACE_CHANGED + 1 };

typedef struct cci_diff {
    cci_run_t run[CCI_SIDES];
    size_t    place_count;
    size_t    changes[CCI_PLACE_CHANGES]; /* places of each kind                  */
    size_t    chance;                     /* places that differ, by chance perhaps */
    uint32_t *first[CCI_SIDES];           /* internal: site + 1 of a place, 0 = none */
    uint32_t *next[CCI_SIDES];            /* internal: site + 1 after a site          */
    uint32_t *significant;                /* internal: a bit for each amount, of each place */
} cci_diff_t;

/* place[side][site] is the place of a site, below place_count. The runs must outlive the result.
 * O(sites * log sites). */
CC_NODISCARD cci_diff_t *cci_diff_create(const cci_run_t       run[CCI_SIDES],
                                         const uint32_t *const place[CCI_SIDES],
                                         size_t                place_count);
void                     cci_diff_destroy(cci_diff_t *d);

/* Whether both runs have sites to compare; otherwise there are places all the same. */
bool cci_diff_has_sites(const cci_diff_t *d);

/* What an amount was and is at a place. O(sites of the place). */
cci_change_t cci_diff_change(const cci_diff_t *d, uint32_t place, cci_amount_t m);

/* Its sum over the places for which wanted[place]. O(sites). */
cci_change_t cci_diff_sum(const cci_diff_t *d, const bool *wanted, cci_amount_t m);

/* -1, 0 or 1: it fell, is the same but for chance, rose. */
int cci_diff_direction(const cci_diff_t *d, uint32_t place, cci_amount_t m);

cci_place_change_t cci_diff_place_change(const cci_diff_t *d, uint32_t place);

/* "appeared", "grew" ... as the reports call it. */
const char *cci_place_change_name(cci_place_change_t change);

/* The sites of a place in a run: start with 0, ends with 0; a site's number is one less. */
uint32_t cci_diff_next_site(const cci_diff_t *d, cci_side_t side, uint32_t place, uint32_t after);

#endif
