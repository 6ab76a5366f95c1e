/* SPDX-License-Identifier: MIT */
/* report/places.h - which sites of two runs are the same place of the program.
 *
 * Addresses differ between runs and between builds, lines move with every edit, and which calls a
 * compiler inlines may change. So a place is known by the names of the functions of its stack,
 * innermost first, inlined ones among them, nothing else:
 *
 *   - without the frames that start a program or wrap malloc (cci_stack_trimmed);
 *   - without what compilers add to the name of a copy of a function (".constprop.0");
 *   - one after the other only once, so that a recursion is one place however deep;
 *   - a frame without a name goes by its module ("[libfoo.so]"), and where both runs had the very
 *     same build of the module, by its offset in it, too;
 *   - a module of which one run knows no name at all (its file is gone, or was stripped) has none in
 *     the other run either: names would meet nothing.
 *
 * Lines are left out: with them every edit above a call would make it another place. The price is that
 * two calls in one function are one place. A function that got another name is another place: it
 * vanishes, and appears.
 *
 * Failure  NULL: out of memory.
 */
#ifndef CCI_REPORT_PLACES_H
#define CCI_REPORT_PLACES_H
#include "profile/diff.h"
#include "report/report.h"

typedef struct cci_places cci_places_t;

/* Of two reports with frames, which must outlive it. O(frames of all sites). */
CC_NODISCARD cci_places_t *cci_places_create(const cci_report_t *old, const cci_report_t *new);
void                       cci_places_destroy(cci_places_t *p);

size_t cci_places_count(const cci_places_t *p);

/* The place of each site of a run. */
const uint32_t *cci_places_of(const cci_places_t *p, cci_side_t side);

/* Whether one of the place's names is like the pattern (fnmatch without escapes). */
bool cci_places_match(const cci_places_t *p, uint32_t place, const char *pattern);

/* What the place is known by: names innermost first, one a line. */
const char *cci_places_key(const cci_places_t *p, uint32_t place);

/* The next name of a key, *length bytes of it, and *key moved behind it; NULL: that was all. */
const char *cci_places_next_name(const char **key, size_t *length);

/* Whether one of its names stands for all functions of a module, or for code of no module. */
bool cci_places_is_coarse(const cci_places_t *p, uint32_t place);

/* Whether the run has sites, but no name for any of their frames. */
bool cci_places_is_nameless(const cci_places_t *p, cci_side_t side);

/* Modules whose functions are not told apart, number i of them, NULL after the last: names are
 * missing, and the builds are not the same. */
const char *cci_places_blurred(const cci_places_t *p, size_t i);

#endif
