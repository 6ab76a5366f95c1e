/* SPDX-License-Identifier: MIT */
/* fragmentation.c - see profile/fragmentation.h. */
#include <math.h>
#include "profile/fragmentation.h"

/* A heap that is smaller cannot be told from the rest of the process' pages. */
static const double RESIDENT_HEAP_MIN = 4 << 20;

enum { SAMPLES_MIN = 8 };

static bool is_known(uint64_t figure)
{
    return figure != CCI_BOOKS_UNKNOWN;
}

/* ---- inside blocks ---- */

/* What was measured is the waste of a block; how many there were, and of what size, is known. A
 * mean of sizes would hang on the few large ones, which are measured or not by chance. */
static void find_internal(cci_profile_t *p)
{
    const cci_trace_measures_t *m = &p->measures;

    if (m->sized < SAMPLES_MIN || m->requested > m->usable)
        return;
    double each                      = (double)(m->usable - m->requested) / (double)m->sized;
    double all                       = each * (double)p->total.alloc_count;
    p->fragmentation.method_internal = "malloc_usable_size";
    p->fragmentation.block_waste     = each;
    p->fragmentation.internal        = all > 0 ? all / ((double)p->total.alloc_bytes + all) : 0;
}

/* What blocks of so many bytes take, as far as that is known. */
static double as_usable(const cci_profile_t *p, double bytes)
{
    return p->fragmentation.method_internal ? bytes / (1 - p->fragmentation.internal) : bytes;
}

/* ---- between blocks ---- */

static double live_bytes_at(const cci_profile_t *p, uint64_t ns)
{
    const cci_timeline_t *tl    = &p->timeline;
    uint64_t              since = ns > tl->start_ns ? ns - tl->start_ns : 0;
    uint64_t              i     = since >> tl->step_log2;

    return (double)tl->point[i < tl->count ? i : tl->count - 1].end_bytes;
}

/* Of what the allocator has, `top` lies behind all blocks and is not between any. */
static void set_external(cci_fragmentation_t *f, double held, double used, double top)
{
    double between = fmax(held - used - top, 0);

    f->used_bytes  = used;
    f->external    = used + between > 0 ? between / (used + between) : 0;
    f->utilization = held > 0 ? fmin(used / held, 1) : NAN;
}

static const char *name_of(uint64_t kind)
{
    switch (kind) {
    case CCI_BOOKS_GLIBC:
        return "glibc mallinfo2";
    case CCI_BOOKS_MIMALLOC:
        return "mimalloc mi_process_info";
    case CCI_BOOKS_JEMALLOC:
        return "jemalloc mallctl";
    case CCI_BOOKS_TCMALLOC:
        return "tcmalloc properties";
    default:
        return NULL; /* a later recorder's */
    }
}

static double used_at(const cci_profile_t *p, const cci_books_reading_t *r)
{
    return is_known(r->books.used) ? (double)r->books.used
                                   : as_usable(p, live_bytes_at(p, r->time_ns));
}

static bool is_of_use(const cci_profile_t *p, const cci_books_reading_t *r)
{
    return name_of(r->books.kind) && is_known(r->books.held) && r->time_ns >= p->from_ns &&
           r->time_ns <= p->to_ns;
}

/* Free blocks are told by the reading at the end alone. */
static void take_free_blocks(cci_fragmentation_t *f, const cci_books_t *b)
{
    if (is_known(b->largest))
        f->largest_free_block = b->largest;
    if (is_known(b->blocks))
        f->free_block_count = b->blocks;
}

static void take_reading(cci_profile_t *p, const cci_books_reading_t *r)
{
    const cci_books_t *b = &r->books;

    p->fragmentation.method_external = name_of(b->kind);
    p->fragmentation.from_books      = true;
    p->fragmentation.time_ns         = r->time_ns;
    set_external(&p->fragmentation, (double)b->held, used_at(p, r),
                 is_known(b->top) ? (double)b->top : 0);
}

static void find_in_books(cci_profile_t *p, const cci_trace_t *t)
{
    double most = -1;

    for (size_t i = 0; i < cci_trace_books_count(t); i++) {
        cci_books_reading_t r = cci_trace_books(t, i);
        if (!is_of_use(p, &r))
            continue;
        p->fragmentation.readings++;
        take_free_blocks(&p->fragmentation, &r.books);
        if (used_at(p, &r) >= most) {
            most = used_at(p, &r);
            take_reading(p, &r);
        }
    }
}

static void find_in_pages(cci_profile_t *p, const cci_trace_t *t)
{
    const cci_rss_sample_t *rss;
    size_t                  n    = cci_trace_rss(t, &rss);
    double                  most = RESIDENT_HEAP_MIN;

    for (size_t i = 0; p->has_blocks && i < n; i++) {
        double used = as_usable(p, live_bytes_at(p, rss[i].time_ns));
        if (rss[i].shared > rss[i].bytes || rss[i].time_ns < p->from_ns ||
            rss[i].time_ns > p->to_ns || used < most)
            continue;
        most                             = used;
        p->fragmentation.method_external = "resident pages";
        p->fragmentation.time_ns         = rss[i].time_ns;
        p->fragmentation.readings        = n;
        set_external(&p->fragmentation, (double)(rss[i].bytes - rss[i].shared), used, 0);
    }
}

void cci_fragmentation_find(cci_profile_t *p, const cci_trace_t *t)
{
    p->fragmentation = (cci_fragmentation_t){ .internal           = NAN,
                                              .external           = NAN,
                                              .utilization        = NAN,
                                              .largest_free_block = CCI_BOOKS_UNKNOWN,
                                              .free_block_count   = CCI_BOOKS_UNKNOWN };
    find_internal(p);
    find_in_books(p, t);
    if (!p->fragmentation.method_external)
        find_in_pages(p, t);
}
