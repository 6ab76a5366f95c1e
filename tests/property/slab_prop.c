/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of operations, objects keep their bytes and their places, their keys
 * find them, and no key of what is gone ever finds anything; the figures are those of a model.
 * Then every sequence again with each request refused once: what fails is NULL and changes
 * nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "region/slab.h"
#include "support/failing.h"

enum {
    SEEDS = CCMEM_INSTRUMENTED ? 4 : 12,
    STEPS = 240,
    KEYS  = 8 * STEPS, /* that can be given out */
};

/* One object, live or gone. */
typedef struct object {
    cc_slab_key_t  key;
    unsigned char *at; /* NULL: gone */
    unsigned char  tag;
} object_t;

static object_t  objects[KEYS];
static size_t    count, live, peak, slot_size, refused;
static uint64_t  rng;
static unsigned  seed, step;
static failing_t parent;
static cc_slab_t slab;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u, request %zd refused: %s\n", __FILE__, line, seed,
            step, (ssize_t)parent.fail_at, what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* ---- the model ---- */

static void check_bytes(const unsigned char *p, size_t size, unsigned char byte)
{
    for (size_t i = 0; i < size; i++)
        CHECK(p[i] == byte);
}

static void check_objects(void)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(cc_slab_get(&slab, objects[i].key) == objects[i].at);
        if (objects[i].at) {
            CHECK(objects[i].at[0] == objects[i].tag);
            CHECK(objects[i].at[slot_size - 1] == objects[i].tag);
        }
    }
}

static void check_figures(void)
{
    cc_slab_stats_t s = cc_slab_stats(&slab);

    CHECK(cci_slab_is_valid(&slab));
    CHECK(cc_slab_len(&slab) == live && s.live == live && s.peak == peak);
    CHECK(s.capacity >= live && s.used_bytes == live * slot_size);
    CHECK(s.reserved_bytes == parent.live_bytes);
}

static void note_gone(object_t *o)
{
    o->at = NULL;
    live--;
}

/* ---- operations ---- */

static void insert(void)
{
    static unsigned char what[40001];
    cc_slab_key_t        key  = 1;
    size_t               size = below(slot_size + 1), kind = below(3);
    unsigned char       *p, tag                            = (unsigned char)(1 + below(255));

    memset(what, tag, size);
    p = kind == 0   ? cc_slab_insert(&slab, &key)
        : kind == 1 ? cc_slab_insert_zeroed(&slab, &key)
                    : cc_slab_insert_from(&slab, what, size, &key);
    if (!p) {
        CHECK(key == 1 && parent.fail_at < parent.requests);
        refused++;
        return;
    }
    if (kind != 0) {
        check_bytes(p, kind == 2 ? size : 0, tag);
        check_bytes(p + (kind == 2 ? size : 0), slot_size - (kind == 2 ? size : 0), 0);
    }
    for (size_t i = 0; i < count; i++)
        CHECK(objects[i].key != key && objects[i].at != p);
    memset(p, tag, slot_size);
    objects[count++] = (object_t){ key, p, tag };
    if (++live > peak)
        peak = live;
}

static void remove_any(void)
{
    object_t *o = &objects[below(count)];

    CHECK(cc_slab_remove(&slab, o->key) == (o->at                           ? CC_RESULT_OK
                                            : (uint32_t)o->key >= slab.used ? CC_RESULT_OUT_OF_RANGE
                                                                            : CC_RESULT_STALE));
    if (o->at)
        note_gone(o);
}

/* A round, in which every other object is removed when it is met. */
static void iterate(void)
{
    size_t met = 0, expected = live;
    bool   removes = below(2);

    for (cc_slab_key_t key = 0; (key = cc_slab_iterate(&slab, key)) != 0; met++) {
        size_t i = 0;
        while (i < count && objects[i].key != key)
            i++;
        CHECK(i < count && objects[i].at);
        if (removes && met % 2) {
            CHECK(cc_slab_remove(&slab, key) == CC_RESULT_OK);
            note_gone(&objects[i]);
        }
    }
    CHECK(met == expected);
}

static void clear(void)
{
    cc_slab_clear(&slab);
    for (size_t i = 0; i < count; i++)
        if (objects[i].at)
            note_gone(&objects[i]);
}

static void reserve(void)
{
    size_t wanted = live + below(60);

    if (cc_slab_reserve(&slab, wanted) == CC_RESULT_OK)
        CHECK(cc_slab_capacity(&slab) >= wanted);
    else
        CHECK(parent.fail_at < parent.requests);
}

static void do_step(void)
{
    size_t kind = below(100);

    if (kind < 8)
        for (size_t n = below(30); n && count < KEYS - 1; n--)
            insert();
    else if (kind < 45)
        insert();
    else if (kind < 82 && count)
        remove_any();
    else if (kind < 88)
        iterate();
    else if (kind < 90)
        clear();
    else if (kind < 96)
        cc_slab_shrink(&slab);
    else
        reserve();
}

/* Runs a sequence; returns the requests it made of the parent. */
static size_t run(size_t refused_request)
{
    const size_t sizes[] = { 1, 24, 64, 1000, 9000, 20000, 40000 };
    unsigned     flags   = seed % 2 ? CC_SLAB_FIFO : 0;

    rng    = cci_random_seed(seed);
    parent = (failing_t){ .fail_at = refused_request };
    count = live = peak = refused = 0;
    slot_size                     = sizes[below(sizeof sizes / sizeof sizes[0])];
    CHECK(cc_slab_init(&slab, failing_allocator(&parent), slot_size, 0, flags) == CC_RESULT_OK);
    for (step = 0; step < STEPS && count < KEYS - 60; step++) {
        do_step();
        check_figures();
        check_objects();
    }
    cc_slab_fini(&slab);
    CHECK(parent.live_blocks == 0 && parent.live_bytes == 0);
    CHECK(refused == 0 || refused_request != FAILING_NEVER);
    return parent.requests;
}

int main(void)
{
    for (seed = 1; seed <= SEEDS; seed++) {
        size_t requests = run(FAILING_NEVER);
        for (size_t k = 0; k < requests; k++)
            run(k);
    }
    puts("ok");
    return 0;
}
