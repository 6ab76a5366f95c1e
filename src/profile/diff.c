/* SPDX-License-Identifier: MIT */
/* diff.c - see profile/diff.h. */
#include <math.h>
#include <stdlib.h>
#include "profile/diff.h"

static const double FALSE_SHARE = 0.05; /* of the differences that are called significant */

_Static_assert(CCI_AMOUNTS <= 32, "a bit for each amount");

bool cci_diff_has_sites(const cci_diff_t *d)
{
    return d->run[CCI_OLD].profile->has_blocks && d->run[CCI_NEW].profile->has_blocks;
}

/* ---- the sites of a place ---- */

uint32_t cci_diff_next_site(const cci_diff_t *d, cci_side_t side, uint32_t place, uint32_t after)
{
    return after ? d->next[side][after - 1] : d->first[side][place];
}

/* From the last site to the first, so that a place has them in their order. */
static bool link_sites(cci_diff_t *d, cci_side_t side, const uint32_t *place)
{
    size_t sites = d->run[side].profile->site_count;

    d->first[side] = calloc(d->place_count + 1, sizeof *d->first[side]);
    d->next[side]  = calloc(sites + 1, sizeof *d->next[side]);
    if (!d->first[side] || !d->next[side])
        return false;
    for (size_t i = sites; i-- > 0;) {
        d->next[side][i]         = d->first[side][place[i]];
        d->first[side][place[i]] = (uint32_t)i + 1;
    }
    return true;
}

/* ---- figures ---- */

/* A sum over sites; `any` once there is one. */
typedef struct total {
    cci_value_t value;
    cci_tally_t tally;
    bool        any;
} total_t;

static void add_site(total_t *t, cci_amount_t m, const cci_run_t *run, uint32_t site)
{
    const cci_tally_t *tally = &run->profile->sites[site].tally;
    cci_value_t        value = cci_amount_value(m, run, site);

    if (t->any)
        cci_value_add(&t->value, &value);
    else
        t->value = value;
    t->any = true;
    t->tally.alloc_count += tally->alloc_count;
    t->tally.alloc_bytes += tally->alloc_bytes;
}

static void add_place(total_t *t, const cci_diff_t *d, cci_side_t side, uint32_t place,
                      cci_amount_t m)
{
    for (uint32_t s = 0; (s = cci_diff_next_site(d, side, place, s)) != 0;)
        add_site(t, m, &d->run[side], s - 1);
}

/* Where a run has no site, what it missed would be blocks like those of the other run. */
static cci_change_t change_of(const cci_diff_t *d, const total_t t[CCI_SIDES], cci_amount_t m)
{
    cci_change_t c    = { t[CCI_OLD].value, t[CCI_NEW].value };
    double       size = cci_tally_block(&t[t[CCI_OLD].any ? CCI_OLD : CCI_NEW].tally);

    if (!t[CCI_OLD].any)
        c.old = cci_amount_none(m, &d->run[CCI_OLD], size);
    if (!t[CCI_NEW].any)
        c.new = cci_amount_none(m, &d->run[CCI_NEW], size);
    return c;
}

cci_change_t cci_diff_change(const cci_diff_t *d, uint32_t place, cci_amount_t m)
{
    total_t t[CCI_SIDES] = { 0 };

    add_place(&t[CCI_OLD], d, CCI_OLD, place, m);
    add_place(&t[CCI_NEW], d, CCI_NEW, place, m);
    return change_of(d, t, m);
}

cci_change_t cci_diff_sum(const cci_diff_t *d, const bool *wanted, cci_amount_t m)
{
    total_t t[CCI_SIDES] = { 0 };

    for (uint32_t place = 0; place < d->place_count; place++) {
        if (!wanted[place])
            continue;
        add_place(&t[CCI_OLD], d, CCI_OLD, place, m);
        add_place(&t[CCI_NEW], d, CCI_NEW, place, m);
    }
    return change_of(d, t, m);
}

/* ---- significance ---- */

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The largest of n chances that still counts as none, after Benjamini and Hochberg; sorts them. */
static double bound_of(double *chance, size_t n)
{
    qsort(chance, n, sizeof *chance, ascending);
    for (size_t k = n; k > 0; k--)
        if (chance[k - 1] <= FALSE_SHARE * (double)k / (double)n)
            return chance[k - 1];
    return -1;
}

/* chance, sorted: room for a number a place each. */
static void judge_amount(cci_diff_t *d, cci_amount_t m, double *chance, double *sorted)
{
    for (uint32_t i = 0; i < d->place_count; i++) {
        cci_change_t c = cci_diff_change(d, i, m);
        chance[i] = sorted[i] = c.old.known && c.new.known ? cci_change_chance(&c) : 1;
    }
    double bound = bound_of(sorted, d->place_count);
    for (uint32_t i = 0; i < d->place_count; i++)
        d->significant[i] |= (uint32_t)(chance[i] <= bound) << m;
}

static bool judge(cci_diff_t *d)
{
    double *room = calloc(2 * d->place_count + 1, sizeof *room);

    d->significant = calloc(d->place_count + 1, sizeof *d->significant);
    if (room && d->significant)
        for (int m = 0; m < CCI_AMOUNTS; m++)
            judge_amount(d, (cci_amount_t)m, room, room + d->place_count);
    free(room);
    return room && d->significant;
}

int cci_diff_direction(const cci_diff_t *d, uint32_t place, cci_amount_t m)
{
    if (!(d->significant[place] >> m & 1))
        return 0;
    cci_change_t c = cci_diff_change(d, place, m);
    return (c.new.value > c.old.value) - (c.new.value < c.old.value);
}

/* ---- places ---- */

/* What a place costs the program. Of the rest, such as frees, more is neither better nor worse. */
static bool is_cost(cci_amount_t m)
{
    return m == CCI_AMOUNT_ALLOC_COUNT || m == CCI_AMOUNT_ALLOC_BYTES ||
           m == CCI_AMOUNT_PEAK_BYTES || m == CCI_AMOUNT_BYTES_AT_PEAK ||
           m == CCI_AMOUNT_LEAKED_BYTES;
}

cci_place_change_t cci_diff_place_change(const cci_diff_t *d, uint32_t place)
{
    bool up = false, down = false;

    if (d->significant[place] == 0)
        return CCI_PLACE_SAME;
    if (!d->first[CCI_OLD][place])
        return CCI_PLACE_APPEARED;
    if (!d->first[CCI_NEW][place])
        return CCI_PLACE_VANISHED;
    for (int m = 0; m < CCI_AMOUNTS; m++) {
        int direction = is_cost((cci_amount_t)m) ? cci_diff_direction(d, place, m) : 0;
        up |= direction > 0;
        down |= direction < 0;
    }
    return up == down ? CCI_PLACE_CHANGED : up ? CCI_PLACE_GREW : CCI_PLACE_SHRANK;
}

const char *cci_place_change_name(cci_place_change_t change)
{
    static const char *const NAMES[CCI_PLACE_CHANGES] = {
        [CCI_PLACE_SAME] = "same",         [CCI_PLACE_APPEARED] = "appeared",
        [CCI_PLACE_VANISHED] = "vanished", [CCI_PLACE_GREW] = "grew",
        [CCI_PLACE_SHRANK] = "shrank",     [CCI_PLACE_CHANGED] = "changed",
    };
    return NAMES[change];
}

static bool differs(const cci_diff_t *d, uint32_t place)
{
    for (int m = 0; m < CCI_AMOUNTS; m++) {
        cci_change_t c = cci_diff_change(d, place, (cci_amount_t)m);
        if (c.old.known && c.new.known &&c.old.value != c.new.value)
            return true;
    }
    return false;
}

static void count_changes(cci_diff_t *d)
{
    for (uint32_t i = 0; i < d->place_count; i++) {
        cci_place_change_t change = cci_diff_place_change(d, i);
        d->changes[change]++;
        d->chance += change == CCI_PLACE_SAME && differs(d, i);
    }
}

cci_diff_t *cci_diff_create(const cci_run_t run[CCI_SIDES], const uint32_t *const place[CCI_SIDES],
                            size_t place_count)
{
    cci_diff_t *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->run[CCI_OLD] = run[CCI_OLD];
    d->run[CCI_NEW] = run[CCI_NEW];
    d->place_count  = place_count;
    if (!link_sites(d, CCI_OLD, place[CCI_OLD]) || !link_sites(d, CCI_NEW, place[CCI_NEW]) ||
        !judge(d)) {
        cci_diff_destroy(d);
        return NULL;
    }
    count_changes(d);
    return d;
}

void cci_diff_destroy(cci_diff_t *d)
{
    if (!d)
        return;
    for (int side = 0; side < CCI_SIDES; side++) {
        free(d->first[side]);
        free(d->next[side]);
    }
    free(d->significant);
    free(d);
}
