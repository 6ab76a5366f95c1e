/* SPDX-License-Identifier: MIT */
/* profile/feed.h - a profile in the making: events go in as they come, and what they add up to so
 * far may be had at any moment.
 *
 * cci_profile_create is a feed that is read to its end. One whose trace grows (trace/follow.h) is
 * read again and again.
 *
 * Example:
 *   cci_feed_t    *f;
 *   cci_profile_t *now;
 *   if (cci_feed_create(&f, trace, NULL) == CC_RESULT_OK) {
 *       while (cci_feed_read(f, 10000, &more) == CC_RESULT_OK && more)
 *           ...
 *       if (cci_feed_snapshot(f, false, &now) == CC_RESULT_OK) ...
 *       cci_feed_destroy(f);
 *   }
 *
 * Failure  CC_RESULT_NO_MEMORY, CC_RESULT_IO; after one of cci_feed_read the feed is of no more use.
 * Threads  one at a time per feed. A snapshot is its holder's.
 */
#ifndef CCI_PROFILE_FEED_H
#define CCI_PROFILE_FEED_H
#include "profile/profile.h"

typedef struct cci_feed cci_feed_t;

/* Of t, which must outlive it. options NULL = all zero. */
CC_NODISCARD cc_result_t cci_feed_create(cci_feed_t **out, cci_trace_t *t,
                                         const cci_profile_options_t *options);
void                     cci_feed_destroy(cci_feed_t *f);

/* Take about so many events that the trace has now. *more: there are more. O(events). */
CC_NODISCARD cc_result_t cci_feed_read(cci_feed_t *f, size_t events, bool *more);

/* The range of options.from_ns begins here: all that is read from now on is in it. Otherwise it begins
 * with the first event of that time; but what is measured has no time, and may be known before.
 * CC_RESULT_NO_MEMORY. O(threads). */
CC_NODISCARD cc_result_t cci_feed_begin(cci_feed_t *f);

/* From now on its profiles have slices, as if options.slices were set; what was before is in the first
 * one. Of a feed that knew no block when its range began. Again is fine. CC_RESULT_NO_MEMORY: nothing
 * changed. O(sites + threads). */
CC_NODISCARD cc_result_t cci_feed_slice(cci_feed_t *f);
void                     cci_feed_unslice(cci_feed_t *f);

/* As cci_feed_read, of events that somebody else reads off the trace, because more than one feed
 * wants them: n at most CCI_FEED_BATCH. CC_RESULT_NO_MEMORY. */
enum { CCI_FEED_BATCH = 32 };
CC_NODISCARD cc_result_t cci_feed_give(cci_feed_t *f, const cci_event_t *events, size_t n);

/* From now on it is of this trace, which knows the same as the one before. No more is read. */
void cci_feed_rebase(cci_feed_t *f, cci_trace_t *frozen);

/* What was read so far, as a profile of its own. whole: with the blocks that are live, which takes
 * a look at each; otherwise without leaks, findings, the intervals of
 * sites and the measures of each thread. O(sites), whole:
 * O(live blocks) too. On failure: no change. */
CC_NODISCARD cc_result_t cci_feed_snapshot(const cci_feed_t *f, bool whole, cci_profile_t **out);

#endif
