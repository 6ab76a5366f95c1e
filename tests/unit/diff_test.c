/* SPDX-License-Identifier: MIT */
/* Places of two runs: their sums, what is called a change, and that samples of the same program are
 * hardly ever called one, however many places there are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/diff_report.h"

/* --- one run as an array of sites, without a trace --- */

enum { SITES_MAX = 400, INTERVAL = 524288 };

typedef struct made {
    cci_trace_info_t info;
    cci_profile_t    p;
    cci_site_t       site[SITES_MAX];
    cci_site_ci_t    ci[SITES_MAX];
    uint32_t         place[SITES_MAX];
} made_t;

static made_t made[CCI_SIDES];

static void begin(cci_trace_mode_t mode)
{
    for (int side = 0; side < CCI_SIDES; side++) {
        made_t *m               = &made[side];
        *m                      = (made_t){ 0 };
        m->info.sample_interval = INTERVAL;
        m->p.mode               = mode;
        m->p.has_blocks         = mode != CCI_MODE_COUNT;
        m->p.estimated          = mode == CCI_MODE_SAMPLE;
        m->p.sites              = m->site;
        m->p.site_ci            = m->ci;
    }
}

static cci_site_t *add_site(cci_side_t side, uint32_t place)
{
    made_t *m = &made[side];

    m->place[m->p.site_count] = place;
    return &m->site[m->p.site_count++];
}

/* count blocks of 100 bytes, of which half live and are held at the peak. */
static void add(cci_side_t side, uint32_t place, uint64_t count)
{
    cci_site_t *s        = add_site(side, place);
    s->tally.alloc_count = count;
    s->tally.alloc_bytes = 100 * count;
    s->tally.free_count  = count - count / 2;
    s->live_count = s->leaked_count = count / 2;
    s->live_bytes = s->leaked_bytes = s->peak_bytes = s->bytes_at_peak = 100 * (count / 2);
}

static cci_diff_t *compare(size_t places)
{
    const cci_run_t       run[CCI_SIDES]   = { { &made[CCI_OLD].p, &made[CCI_OLD].info },
                                               { &made[CCI_NEW].p, &made[CCI_NEW].info } };
    const uint32_t *const place[CCI_SIDES] = { made[CCI_OLD].place, made[CCI_NEW].place };
    cci_diff_t           *d                = cci_diff_create(run, place, places);

    assert_non_null(d);
    return d;
}

static void expect_change(const cci_diff_t *d, uint32_t place, cci_amount_t a, double old,
                          double new)
{
    cci_change_t c = cci_diff_change(d, place, a);

    assert_true(c.old.known && c.new.known);
    if (c.old.value != old || c.new.value != new)
        fail_msg("place %u: %g and %g", place, c.old.value, c.new.value);
    assert_int_equal(cci_diff_direction(d, place, a), (new > old) - (new < old));
}

/* --- exact runs --- */

static void test_a_place_is_the_sum_of_its_sites(void **state)
{
    (void)state;
    begin(CCI_MODE_FULL);
    add(CCI_OLD, 0, 10);
    add(CCI_OLD, 1, 4);
    add(CCI_OLD, 0, 6);
    add(CCI_NEW, 0, 20);
    add(CCI_NEW, 1, 4);
    cci_diff_t *d = compare(2);
    expect_change(d, 0, CCI_AMOUNT_ALLOC_COUNT, 16, 20);
    expect_change(d, 0, CCI_AMOUNT_ALLOC_BYTES, 1600, 2000);
    expect_change(d, 0, CCI_AMOUNT_FREE_COUNT, 8, 10);
    expect_change(d, 0, CCI_AMOUNT_LEAKED_BYTES, 800, 1000);
    expect_change(d, 1, CCI_AMOUNT_ALLOC_COUNT, 4, 4);
    assert_int_equal(cci_diff_next_site(d, CCI_OLD, 0, 0), 1);
    assert_int_equal(cci_diff_next_site(d, CCI_OLD, 0, 1), 3);
    assert_int_equal(cci_diff_next_site(d, CCI_OLD, 0, 3), 0);

    const bool   wanted[] = { true, true };
    cci_change_t sum      = cci_diff_sum(d, wanted, CCI_AMOUNT_ALLOC_COUNT);
    assert_true(sum.old.value == 20 && sum.new.value == 24);
    const bool none[] = { false, false };
    sum               = cci_diff_sum(d, none, CCI_AMOUNT_ALLOC_COUNT);
    assert_true(sum.old.known && sum.old.value == 0 && sum.new.value == 0);
    cci_diff_destroy(d);
}

static void test_kinds_of_change(void **state)
{
    (void)state;
    enum { SAME, APPEARED, VANISHED, GREW, SHRANK, BOTH, NEUTRAL, PLACES };
    begin(CCI_MODE_FULL);
    for (uint32_t place = 0; place < PLACES; place++) {
        if (place != APPEARED)
            add(CCI_OLD, place, 10);
        if (place != VANISHED)
            add(CCI_NEW, place, place == GREW ? 12 : place == SHRANK ? 8 : 10);
    }
    made[CCI_NEW].site[BOTH - 1].bytes_at_peak++; /* one site fewer in NEW */
    made[CCI_NEW].site[BOTH - 1].leaked_bytes--;
    made[CCI_NEW].site[NEUTRAL - 1].tally.temporary++;

    cci_diff_t *d = compare(PLACES);
    assert_int_equal(cci_diff_place_change(d, SAME), CCI_PLACE_SAME);
    assert_int_equal(cci_diff_place_change(d, APPEARED), CCI_PLACE_APPEARED);
    assert_int_equal(cci_diff_place_change(d, VANISHED), CCI_PLACE_VANISHED);
    assert_int_equal(cci_diff_place_change(d, GREW), CCI_PLACE_GREW);
    assert_int_equal(cci_diff_place_change(d, SHRANK), CCI_PLACE_SHRANK);
    assert_int_equal(cci_diff_place_change(d, BOTH), CCI_PLACE_CHANGED);
    assert_int_equal(cci_diff_place_change(d, NEUTRAL), CCI_PLACE_CHANGED);
    static const size_t COUNTS[CCI_PLACE_CHANGES] = { 1, 1, 1, 1, 1, 2 };
    assert_memory_equal(d->changes, COUNTS, sizeof COUNTS);
    assert_int_equal(d->chance, 0);
    cci_diff_destroy(d);
}

static void test_ranks(void **state)
{
    (void)state;
    static const uint64_t OLD[] = { 10, 10, 30, 10, 10 }, NEW[] = { 12, 10, 10, 30, 8 };
    uint32_t             *places;
    size_t                n, all;

    begin(CCI_MODE_FULL);
    for (uint32_t i = 0; i < 5; i++) {
        add(CCI_OLD, i, OLD[i]);
        add(CCI_NEW, i, NEW[i]);
    }
    cci_diff_t *d = compare(5);
    assert_true(cci_diff_rank(d, CCI_AMOUNT_ALLOC_COUNT, 3, &places, &n, &all));
    assert_int_equal(all, 4);
    assert_int_equal(n, 3);
    assert_true(places[0] == 2 && places[1] == 3 && places[2] == 0);
    free(places);
    assert_true(cci_diff_rank(d, CCI_AMOUNT_TEMPORARY_COUNT, 3, &places, &n, &all));
    assert_int_equal(n + all, 0);
    free(places);
    cci_diff_destroy(d);
}

static void test_the_site_to_show(void **state)
{
    (void)state;
    begin(CCI_MODE_FULL);
    add(CCI_OLD, 0, 50);
    add(CCI_OLD, 1, 10);
    add(CCI_OLD, 1, 20);
    add(CCI_NEW, 0, 3);
    add(CCI_NEW, 0, 4);
    cci_diff_t      *d = compare(2);
    cci_shown_site_t s = cci_diff_shown_site(d, 0);
    assert_true(s.side == CCI_NEW && s.site == 1);
    s = cci_diff_shown_site(d, 1);
    assert_true(s.side == CCI_OLD && s.site == 2);
    cci_diff_destroy(d);
}

static void test_counted_runs_have_no_places(void **state)
{
    (void)state;
    begin(CCI_MODE_COUNT);
    made[CCI_OLD].p.mode       = CCI_MODE_FULL;
    made[CCI_OLD].p.has_blocks = true;
    add(CCI_OLD, 0, 10);
    cci_diff_t *d = compare(1);
    assert_false(cci_diff_has_sites(d));
    cci_change_t c = cci_diff_change(d, 0, CCI_AMOUNT_ALLOC_COUNT);
    assert_true(c.old.known && !c.new.known);
    assert_int_equal(cci_diff_place_change(d, 0), CCI_PLACE_SAME);
    assert_int_equal(d->chance, 0);
    cci_diff_destroy(d);
}

/* --- sampled runs --- */

static uint64_t seed_state = UINT64_C(0x2545f4914f6cdd1d);

static double uniform(void)
{
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return (double)(seed_state >> 11) * 0x1p-53;
}

/* A site of so many blocks of that size, as a sample shows it; none where nothing was sampled. */
static void sample_site(cci_side_t side, uint32_t place, double size, double blocks)
{
    double           weight = cci_sample_weight((uint64_t)size, INTERVAL), at = 0;
    cci_sample_sum_t count = { 0 }, bytes = { 0 };

    for (;;) {
        at += 1 + floor(log1p(-uniform()) / log1p(-1 / weight));
        if (at > blocks)
            break;
        cci_sample_sum_add(&count, 1, weight);
        cci_sample_sum_add(&bytes, size, weight);
    }
    if (count.count == 0)
        return;
    cci_site_t *s                      = add_site(side, place);
    s->tally.alloc_count               = (uint64_t)cci_sample_sum_value(&count);
    s->tally.alloc_bytes               = (uint64_t)cci_sample_sum_value(&bytes);
    s->bytes_at_peak                   = s->tally.alloc_bytes;
    made[side].ci[s - made[side].site] = (cci_site_ci_t){
        .alloc_count = cci_sample_sum_interval(&count, weight),
        .alloc_bytes = cci_sample_sum_interval(&bytes, INTERVAL),
        .live_bytes  = { 0, 2.5 * INTERVAL },
    };
}

/* 300 places of all sizes, in both runs alike but for the first `changed`, which are tenfold. */
static cci_diff_t *compare_samples(uint32_t changed)
{
    static const double SIZES[] = { 32, 500, 8000, 100000, 1000000 };
    const uint32_t      places  = 300;

    begin(CCI_MODE_SAMPLE);
    for (uint32_t i = 0; i < places; i++) {
        double size   = SIZES[i % 5];
        double blocks = round((1 + i % 13) * cci_sample_weight((uint64_t)size, INTERVAL));
        sample_site(CCI_OLD, i, size, blocks);
        sample_site(CCI_NEW, i, size, i < changed ? 10 * blocks : blocks);
    }
    return compare(places);
}

static void test_samples_of_one_program_are_the_same(void **state)
{
    (void)state;
    enum { RUNS = 40 };
    size_t with_findings = 0, noise = 0;

    for (int run = 0; run < RUNS; run++) {
        cci_diff_t *d = compare_samples(0);
        with_findings += d->changes[CCI_PLACE_SAME] < d->place_count;
        noise += d->chance;
        cci_diff_destroy(d);
    }
    assert_true(with_findings <= RUNS / 8); /* three amounts are tested, each at one in twenty */
    assert_true(noise > RUNS * 200);        /* though nearly all of them look different */
}

static void test_a_change_among_samples_is_found(void **state)
{
    (void)state;
    enum { RUNS = 20, CHANGED = 20 };
    size_t found = 0, wrong = 0;

    for (int run = 0; run < RUNS; run++) {
        cci_diff_t *d = compare_samples(CHANGED);
        for (uint32_t i = 0; i < d->place_count; i++)
            *(i < CHANGED ? &found : &wrong) += cci_diff_place_change(d, i) != CCI_PLACE_SAME;
        cci_diff_destroy(d);
    }
    assert_true(found > RUNS * CHANGED * 8 / 10);
    assert_true(wrong < found / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_place_is_the_sum_of_its_sites),
        cmocka_unit_test(test_kinds_of_change),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_the_site_to_show),
        cmocka_unit_test(test_counted_runs_have_no_places),
        cmocka_unit_test(test_samples_of_one_program_are_the_same),
        cmocka_unit_test(test_a_change_among_samples_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
