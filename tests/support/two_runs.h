/* SPDX-License-Identifier: MIT */
/* two_runs.h - two hand-made runs, loaded and compared. Include cmocka.h before.
 *
 * Frames are functions of the test program itself, so that they have names, or addresses in modules
 * that nobody has, which then have none.
 *
 * Example:
 *   two_runs_t t;
 *   two_runs_start(&t, NULL, NULL);
 *   uint32_t node = run_frame(&t.run[CCI_NEW], 0, some_function);
 *   run_alloc(&t.run[CCI_NEW], 0x1000, 64, node);
 *   two_runs_compare(&t);
 *   ...
 *   two_runs_stop(&t);
 */
#ifndef TEST_TWO_RUNS_H
#define TEST_TWO_RUNS_H
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/diff_report.h"
#include "support/trace_builder.h"

typedef struct run {
    trace_builder_t *b;
    uint32_t         thread, self; /* the module of this program */
    uint64_t         now_ns;
    cci_trace_t     *trace;
    cci_profile_t   *profile;
    cci_report_t     report;
} run_t;

typedef struct two_runs {
    run_t             run[CCI_SIDES];
    cci_places_t     *places;
    cci_diff_t       *diff;
    cci_diff_report_t report;
} two_runs_t;

/* options NULL: full mode. */
static inline void two_runs_start(two_runs_t *t, const trace_builder_options_t *old,
                                  const trace_builder_options_t *new)
{
    const trace_builder_options_t *options[CCI_SIDES] = { old, new };
    char                           exe[4096];
    ssize_t                        n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    assert_true(n > 0);
    exe[n] = '\0';
    *t     = (two_runs_t){ 0 };
    for (int side = 0; side < CCI_SIDES; side++) {
        run_t *r  = &t->run[side];
        r->b      = trace_builder_create(options[side]);
        r->thread = trace_builder_thread(r->b, 100, "main");
        r->self   = trace_builder_module(r->b, r->thread, exe, 0x400000, 0x1000000);
        trace_builder_meta(r->b, TRACE_BUILDER_PROCESS, "exe", exe, strlen(exe));
    }
}

/* An address in a function of this program, as its symbols have it. */
static inline uint64_t address_in(void (*function)(void))
{
    struct link_map *map;
    Dl_info          info;
    void            *address;

    memcpy(&address, &function, sizeof address);
    assert_true(dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) != 0);
    return (uint64_t)((uintptr_t)address - map->l_addr) + 1;
}

/* A call out of `function`, called from parent. */
static inline uint32_t run_frame(run_t *r, uint32_t parent, void (*function)(void))
{
    return trace_builder_node(r->b, r->thread, parent, r->self, address_in(function));
}

/* A module that nobody has; id "" is no build-id. */
static inline uint32_t run_module(run_t *r, const char *path, const char *id)
{
    return trace_builder_module_with_id(r->b, r->thread, path, 0x7f0000000000, 0x100000,
                                        0x7f0000000000, id, strlen(id));
}

static inline uint32_t run_address(run_t *r, uint32_t parent, uint32_t module, uint64_t offset)
{
    return trace_builder_node(r->b, r->thread, parent, module, offset);
}

static inline void run_alloc(run_t *r, uint64_t ptr, uint64_t size, uint32_t node)
{
    trace_builder_malloc(r->b, r->thread, r->now_ns += 1000, ptr, size, node);
}

static inline void run_free(run_t *r, uint64_t ptr)
{
    trace_builder_free(r->b, r->thread, r->now_ns += 1000, ptr);
}

static inline void run_load(run_t *r)
{
    size_t n;

    trace_builder_end(r->b, r->now_ns + 1000, 0);
    const uint8_t *bytes = trace_builder_file(r->b, &n);
    assert_int_equal(cci_trace_open_memory(&r->trace, bytes, n), CC_RESULT_OK);
    assert_int_equal(cci_profile_create(&r->profile, r->trace, NULL), CC_RESULT_OK);
    r->report = (cci_report_t){ .trace   = r->trace,
                                .profile = r->profile,
                                .frames  = cci_frames_create(r->trace, NULL) };
    assert_non_null(r->report.frames);
}

static inline void two_runs_match(two_runs_t *t)
{
    const uint32_t *place[CCI_SIDES];
    cci_run_t       run[CCI_SIDES];

    t->places = cci_places_create(&t->run[CCI_OLD].report, &t->run[CCI_NEW].report);
    assert_non_null(t->places);
    for (int side = 0; side < CCI_SIDES; side++) {
        run[side]   = (cci_run_t){ t->run[side].profile, cci_trace_info(t->run[side].trace) };
        place[side] = cci_places_of(t->places, (cci_side_t)side);
    }
    t->diff = cci_diff_create(run, place, cci_places_count(t->places));
    assert_non_null(t->diff);
}

static inline void two_runs_compare(two_runs_t *t)
{
    run_load(&t->run[CCI_OLD]);
    run_load(&t->run[CCI_NEW]);
    two_runs_match(t);
    t->report = (cci_diff_report_t){ .side   = { &t->run[CCI_OLD].report, &t->run[CCI_NEW].report },
                                     .path   = { "old.ccm", "new.ccm" },
                                     .places = t->places,
                                     .diff   = t->diff };
}

static inline void two_runs_stop(two_runs_t *t)
{
    cci_diff_destroy(t->diff);
    cci_places_destroy(t->places);
    for (int side = 0; side < CCI_SIDES; side++) {
        cci_frames_destroy(t->run[side].report.frames);
        cci_profile_destroy(t->run[side].profile);
        cci_trace_close(t->run[side].trace);
        trace_builder_destroy(t->run[side].b);
    }
}

/* The place that is known by these names, which there must be. */
static inline uint32_t place_of(const two_runs_t *t, const char *key)
{
    for (uint32_t i = 0; i < cci_places_count(t->places); i++)
        if (strcmp(cci_places_key(t->places, i), key) == 0)
            return i;
    fail_msg("no place \"%s\"", key);
    return 0;
}

#endif
