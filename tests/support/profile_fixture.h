/* SPDX-License-Identifier: MIT */
/* profile_fixture.h - what tests of the profile share: small traces of two threads and three sites,
 * made and profiled. Include cmocka.h before. */
#ifndef TEST_PROFILE_FIXTURE_H
#define TEST_PROFILE_FIXTURE_H
#include "profile/profile.h"
#include "support/trace_builder.h"

enum { A = 0x1000, B = 0x2000, C = 0x3000, D = 0x4000 };

/* Two threads, and three sites that each of them has: node[thread][site]. */
typedef struct fixture {
    trace_builder_t *b;
    uint32_t         thread[2];
    uint32_t         node[2][3];
    cci_trace_t     *trace;
    cci_profile_t   *p;
} fixture_t;

static inline void start(fixture_t *f, const trace_builder_options_t *options)
{
    static const char *const NAMES[] = { "main", "worker" };

    *f = (fixture_t){ .b = trace_builder_create(options) };
    for (uint32_t t = 0; t < 2; t++) {
        f->thread[t]    = trace_builder_thread(f->b, 100 + t, NAMES[t]);
        uint32_t module = trace_builder_module(f->b, f->thread[t], "/bin/app", 0x400000, 0x10000);
        for (uint32_t s = 0; s < 3; s++)
            f->node[t][s] = trace_builder_node(f->b, f->thread[t], 0, module, 0x100 + s);
    }
}

static inline void alloc(fixture_t *f, uint32_t thread, uint64_t ns, uint64_t ptr, uint64_t size,
                         uint32_t site)
{
    trace_builder_malloc(f->b, f->thread[thread], ns, ptr, size, f->node[thread][site]);
}

static inline void resize(fixture_t *f, uint32_t thread, uint64_t ns, uint64_t ptr, uint64_t old,
                          uint64_t size, uint32_t site)
{
    trace_builder_realloc(f->b, f->thread[thread], ns, ptr, old, size, f->node[thread][site]);
}

static inline void release(fixture_t *f, uint32_t thread, uint64_t ns, uint64_t ptr)
{
    trace_builder_free(f->b, f->thread[thread], ns, ptr);
}

static inline cc_result_t open_and_profile(fixture_t *f, const cci_profile_options_t *options)
{
    size_t         n;
    const uint8_t *bytes  = trace_builder_file(f->b, &n);
    cc_result_t    result = cci_trace_open_memory(&f->trace, bytes, n);

    if (result == CC_RESULT_OK)
        result = cci_profile_create(&f->p, f->trace, options);
    return result;
}

static inline const cci_profile_t *finish_with(fixture_t *f, const cci_profile_options_t *options)
{
    assert_int_equal(open_and_profile(f, options), CC_RESULT_OK);
    return f->p;
}

static inline const cci_profile_t *finish(fixture_t *f)
{
    return finish_with(f, NULL);
}

static inline void stop(fixture_t *f)
{
    cci_profile_destroy(f->p);
    cci_trace_close(f->trace);
    trace_builder_destroy(f->b);
}

/* The site whose innermost address is that of `site`; NULL when it allocated nothing. */
static inline const cci_site_t *site_at(const fixture_t *f, uint32_t site)
{
    for (size_t i = 0; i < f->p->site_count; i++)
        if (cci_trace_node(f->trace, f->p->sites[i].stack)->offset == 0x100 + site)
            return &f->p->sites[i];
    return NULL;
}

static inline void assert_site(const fixture_t *f, uint32_t site, uint64_t live, uint64_t peak,
                               uint64_t at_peak)
{
    const cci_site_t *s = site_at(f, site);

    assert_non_null(s);
    assert_int_equal(s->live_bytes, live);
    assert_int_equal(s->peak_bytes, peak);
    assert_int_equal(s->bytes_at_peak, at_peak);
}

static inline void assert_totals(const cci_profile_t *p, uint64_t allocs, uint64_t frees,
                                 uint64_t alloc_bytes, uint64_t free_bytes)
{
    assert_int_equal(p->total.alloc_count, allocs);
    assert_int_equal(p->total.free_count, frees);
    assert_int_equal(p->total.alloc_bytes, alloc_bytes);
    assert_int_equal(p->total.free_bytes, free_bytes);
    assert_int_equal(p->current_bytes, alloc_bytes - free_bytes);
}

#endif
