/* SPDX-License-Identifier: MIT */
/* ccmem/compose.h - allocators made of allocators: fallback, segregate, limit, track, locked, failing.
 *
 * Each stands over one cc_allocator_t, or several, and is one itself; so they go over and under each
 * other, the heap, the backends and the regions. Blocks come from below as they were asked for, with
 * nothing before or behind: a pool below keeps its block size, and a tool that watches memory sees
 * every block. Where there is nothing to compose, call the allocator itself.
 *
 * Example:
 *   cc_limit_t limit;
 *   cc_track_t track;
 *   cc_limit_init(&limit, cc_allocator_heap(), 1 << 20);
 *   cc_track_init(&track, cc_limit_allocator(&limit));
 *   cc_allocator_t a = cc_track_allocator(&track);
 *   char          *p = cc_allocator_alloc(a, 100, 1);
 *   cc_allocator_free(a, p, 100, 1);
 *   printf("at most %zu bytes\n", cc_track_stats(&track).peak_bytes);
 *
 * Objects are the caller's storage, stay where they were initialised, and outlive the blocks; their
 * fields are private; what has no fini holds nothing. None of them sees a region below being reset:
 * they are to be initialised anew with it. Statistics are what track is for: one over the second
 * allocator of a fallback tells how often the first had no memory.
 *
 * Units    sizes and alignments are bytes.
 * Failure  NULL: what stands below has no memory, or it was refused here; no block has changed. A free
 *          that cannot be right, as far as sizes tell, is a line on stderr and abort.
 * Threads  locked: any. Segregate: as what stands below. The others: one at a time; a locked over
 *          the whole makes it any.
 * Source   Berger, Zorn, McKinley, "Composing high-performance memory allocators", PLDI 2001.
 */
#ifndef CC_COMPOSE_H
#define CC_COMPOSE_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/allocator.h>
#include <ccmem/result.h>
CC_BEGIN

/* ---- fallback: the first, and where that has nothing, the second ---- */

enum { CC_FALLBACK_FEW_ = 16 };

/* Blocks that the second serves. */
typedef struct cc_fallback_set_ {
    const void **slots;
    size_t       capacity, count;
    const void  *few[CC_FALLBACK_FEW_];
} cc_fallback_set_;

typedef struct cc_fallback {
    cc_allocator_t   first, second, books;
    cc_fallback_set_ of_second;
} cc_fallback_t;

/* Serve from first, or else from second. Which blocks are of second is remembered, so none ever goes
 * back to the wrong one, whatever the two are. Beyond 8 of them that takes memory from books, up to 32
 * bytes a block, until none is left; second may be books too, unless it is a pool. O(1). */
CC_API void cc_fallback_init(cc_fallback_t *f, cc_allocator_t first, cc_allocator_t second,
                             cc_allocator_t books);

/* Give back what was taken from books. Blocks that are still out can be freed below only. O(1). */
CC_API void cc_fallback_fini(cc_fallback_t *f);

/* An allocation is NULL also when books is out of memory. A free costs a comparison while second serves
 * nothing, else O(1); an allocation from second amortised O(1). */
CC_API cc_allocator_t cc_fallback_allocator(cc_fallback_t *f);

/* ---- segregate: each size has its allocator ---- */

/* Serves the sizes up to max, from that of the part before on; SIZE_MAX: all that are left. */
typedef struct cc_segregate_part {
    size_t         max;
    cc_allocator_t allocator;
} cc_segregate_part_t;

typedef struct cc_segregate {
    const cc_segregate_part_t *parts;
    size_t                     count;
} cc_segregate_t;

/* Serve from these parts, which stay the caller's and as they are. INVALID: there is none, or their max do
 * not ascend from 1 or more. O(count). */
CC_API cc_result_t cc_segregate_init(cc_segregate_t *s, const cc_segregate_part_t *parts,
                                     size_t count);

/* Sizes above the last max are NULL. O(log count). */
CC_API cc_allocator_t cc_segregate_allocator(const cc_segregate_t *s);

/* ---- limit: so many bytes, no more ---- */

typedef struct cc_limit_stats {
    size_t   limit, used, peak; /* bytes, as they were asked for */
    uint64_t refused_count;     /* requests that did not fit */
} cc_limit_stats_t;

typedef struct cc_limit {
    cc_allocator_t   parent;
    cc_limit_stats_t now;
} cc_limit_t;

/* Let at most bytes be out at a time. O(1). */
CC_API void cc_limit_init(cc_limit_t *l, cc_allocator_t parent, size_t bytes);

/* Another limit from now on, which may be below what is in use. O(1). */
CC_API void cc_limit_set(cc_limit_t *l, size_t bytes);

/* What is limited. O(1). */
CC_API cc_allocator_t cc_limit_allocator(cc_limit_t *l);

/* The figures now. O(1). */
CC_API cc_limit_stats_t cc_limit_stats(const cc_limit_t *l);

/* ---- track: what passes here ---- */

enum { CC_TRACK_SIZES = 65 };
/* Bytes as they were asked for. Counts are since init or reset. */
typedef struct cc_track_stats {
    uint64_t alloc_count, alloc_bytes; /* blocks that were served */
    uint64_t free_count, free_bytes;
    uint64_t refused_count; /* requests that got NULL */
    size_t   live_count, live_bytes;
    size_t   peak_count, peak_bytes;      /* each for itself: not of one moment */
    uint64_t size_counts[CC_TRACK_SIZES]; /* of alloc_count: [i] sizes up to 2^i not in [i - 1] */
} cc_track_stats_t;

typedef struct cc_track {
    cc_allocator_t   parent;
    cc_track_stats_t now;
} cc_track_t;

/* Count from 0. O(1). */
CC_API void cc_track_init(cc_track_t *t, cc_allocator_t parent);

/* Counts begin at 0 again and peaks at what is live now. O(1). */
CC_API void cc_track_reset(cc_track_t *t);

/* What is counted. O(1). */
CC_API cc_allocator_t cc_track_allocator(cc_track_t *t);

/* The figures now. O(1). */
CC_API cc_track_stats_t cc_track_stats(const cc_track_t *t);

/* ---- locked: one thread at a time ---- */

typedef struct cc_locked {
    cc_allocator_t  parent;
    pthread_mutex_t mutex;
} cc_locked_t;

/* Let one thread at a time through to parent. NO_MEMORY: the system has no further mutex. A child of a
 * fork may use it only if no other thread was in it then. O(1). */
CC_API cc_result_t cc_locked_init(cc_locked_t *l, cc_allocator_t parent);

/* Nobody uses it any more. O(1). */
CC_API void cc_locked_fini(cc_locked_t *l);

/* What any thread may use, but one that holds it. A lock and its release, and what parent costs. */
CC_API cc_allocator_t cc_locked_allocator(cc_locked_t *l);

/* Keep other threads out, to use directly what stands below: read statistics, reset a region. Holding it
 * twice is a contract breach, as is releasing what one does not hold. O(1) but for the wait. */
CC_API void cc_locked_hold(cc_locked_t *l);

/* Let them in again. O(1). */
CC_API void cc_locked_release(cc_locked_t *l);

/* ---- failing: out of memory when it is wanted, for tests ---- */

typedef struct cc_failing_stats {
    uint64_t request_count, failed_count; /* of requests those that failed here */
} cc_failing_stats_t;

typedef struct cc_failing {
    cc_allocator_t     parent;
    uint64_t           at, every, since, chance, random;
    cc_failing_stats_t now;
} cc_failing_t;

/* Fail nothing yet. The rules below add to each other: what one of them says fails. O(1). */
CC_API void cc_failing_init(cc_failing_t *f, cc_allocator_t parent);

/* Fail the k-th request from now on, once; 1 is the next, 0 none. O(1). */
CC_API void cc_failing_at(cc_failing_t *f, uint64_t k);

/* Fail each n-th request from now on; 1 is all, 0 none. O(1). */
CC_API void cc_failing_every(cc_failing_t *f, uint64_t n);

/* Fail each request with this chance, 0 to 1; the same ones for the same seed. O(1). */
CC_API void cc_failing_randomly(cc_failing_t *f, double chance, uint64_t seed);

/* What fails. O(1). */
CC_API cc_allocator_t cc_failing_allocator(cc_failing_t *f);

/* The figures now. O(1). */
CC_API cc_failing_stats_t cc_failing_stats(const cc_failing_t *f);

CC_END
#endif
