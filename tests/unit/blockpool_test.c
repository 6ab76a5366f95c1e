/* SPDX-License-Identifier: MIT */
/* A block pool: what its functions promise, at their edges, in one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap/cell.h"
#include "prim/poison.h"
#include "region/blockpool.h"
#include "support/failing.h"
#include "support/failing_pages.h"

enum { UNIT = CC_BLOCKPOOL_UNIT, MIB = 1 << 20, BLOCKS_MAX = 1 << 19 };

static failing_t      parent;
static cc_blockpool_t pool;
static void          *block[BLOCKS_MAX];

static int begin(void **state)
{
    (void)state;
    parent = (failing_t){ .fail_at = FAILING_NEVER };
    pool   = (cc_blockpool_t){ 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    cc_blockpool_fini(&pool);
    assert_int_equal(parent.live_blocks, 0);
    assert_int_equal(parent.live_bytes, 0);
    return 0;
}

static void init(size_t limit)
{
    assert_int_equal(cc_blockpool_init(&pool, failing_allocator(&parent), limit), CC_RESULT_OK);
}

/* The most that a block of so many bytes, a size class, can be asked for: a tool wants a gap. */
static size_t fit(size_t size)
{
    return cci_poison_active() ? size - CCI_RED_ZONE : size;
}

/* How many bytes the block has that is asked for so many. */
static size_t class_of(size_t size)
{
    return cci_bin_size(cci_bin_for(cci_poison_active() ? size + CCI_RED_ZONE : size, 16));
}

/* Blocks of a size until there are no more. */
static size_t fill(size_t size)
{
    size_t n = 0;

    while (n < BLOCKS_MAX && (block[n] = cc_blockpool_alloc(&pool, size)) != NULL) {
        memset(block[n], (int)n, size < 64 ? size : 64);
        n++;
    }
    assert_true(n < BLOCKS_MAX);
    return n;
}

static void release(size_t from, size_t n, size_t size)
{
    for (size_t i = from; i < n; i++)
        cc_blockpool_free(&pool, block[i], size);
}

static size_t reserved(void)
{
    size_t bytes = cc_blockpool_stats(&pool).reserved_bytes;

    assert_int_equal(parent.live_bytes, bytes);
    return bytes;
}

/* ---- life ---- */

static void wrong_limits_are_refused(void **state)
{
    cc_blockpool_t p, before;

    (void)state;
    memset(&p, 0x5a, sizeof p);
    before = p;
    assert_int_equal(cc_blockpool_init(&p, failing_allocator(&parent), 1), CC_RESULT_INVALID);
    assert_int_equal(cc_blockpool_init(&p, failing_allocator(&parent), UNIT - 1),
                     CC_RESULT_INVALID);
    assert_memory_equal(&p, &before, sizeof p);
    assert_int_equal(parent.requests, 0);
    init(UNIT);
    cc_blockpool_fini(&pool);
    init(SIZE_MAX);
}

/* The pool's own memory is refused, each piece once. */
static void no_memory_for_the_books(void **state)
{
    cc_blockpool_t p, before;
    size_t         at = 0;
    cc_result_t    r  = CC_RESULT_NO_MEMORY;

    (void)state;
    memset(&p, 0x5a, sizeof p);
    before = p;
    while (r != CC_RESULT_OK) {
        failing_pages_at = ++at;
        r                = cc_blockpool_init(&p, failing_allocator(&parent), 0);
        assert_true(r == CC_RESULT_OK || r == CC_RESULT_NO_MEMORY);
        assert_int_equal(failing_pages_at == 0, r != CC_RESULT_OK);
        assert_true(r == CC_RESULT_OK || memcmp(&p, &before, sizeof p) == 0);
    }
    failing_pages_at = 0;
    assert_int_equal(at, 3);
    pool = p;
}

static void fini_of_nothing(void **state)
{
    cc_blockpool_t none = { 0 };

    (void)state;
    cc_blockpool_fini(&none);
    init(0); /* of a pool that was not used, twice, and of one that ended */
    cc_blockpool_fini(&pool);
    cc_blockpool_fini(&pool);
    assert_int_equal(parent.requests, 0);
}

static void fini_gives_back_what_is_in_use(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        init(0);
        for (size_t size = 1; size < 200000; size += size / 2 + 1)
            for (int i = 0; i < 10; i++)
                assert_non_null(cc_blockpool_alloc(&pool, size));
        assert_non_null(cc_blockpool_alloc_aligned(&pool, 10, 65536));
        assert_true(parent.live_blocks > 10);
        cc_blockpool_fini(&pool);
        assert_int_equal(parent.live_blocks, 0);
    }
}

static void as_many_pools_as_there_can_be(void **state)
{
    static cc_blockpool_t all[CC_BLOCKPOOL_MAX];
    cc_blockpool_t        more;

    (void)state;
    for (size_t i = 0; i < CC_BLOCKPOOL_MAX; i++)
        assert_int_equal(cc_blockpool_init(&all[i], failing_allocator(&parent), 0), CC_RESULT_OK);
    assert_int_equal(cc_blockpool_init(&more, failing_allocator(&parent), 0), CC_RESULT_EXHAUSTED);
    assert_int_equal(cc_blockpool_init_in(&more, block, sizeof block), CC_RESULT_EXHAUSTED);
    for (size_t i = 0; i < CC_BLOCKPOOL_MAX; i += 1000)
        assert_non_null(block[i] = cc_blockpool_alloc(&all[i], 100));
    cc_blockpool_fini(&all[3000]); /* one that was used, then another in its place */
    assert_int_equal(cc_blockpool_init(&more, failing_allocator(&parent), 0), CC_RESULT_OK);
    assert_int_equal(cc_blockpool_init(&all[3000], failing_allocator(&parent), 0),
                     CC_RESULT_EXHAUSTED);
    assert_false(cc_blockpool_owns(&more, block[3000]));
    assert_int_equal(cc_blockpool_stats(&more).alloc_count, 0);
    assert_non_null(cc_blockpool_alloc(&more, 100));
    assert_int_equal(cc_blockpool_stats(&more).alloc_count, 1);
    cc_blockpool_fini(&more);
    for (size_t i = 0; i < CC_BLOCKPOOL_MAX; i++)
        if (i != 3000)
            cc_blockpool_fini(&all[i]);
}

static void a_copy_is_the_same_pool(void **state)
{
    (void)state;
    init(0);
    cc_blockpool_t copy = pool;
    void          *p    = cc_blockpool_alloc(&pool, 100);
    assert_true(cc_blockpool_owns(&copy, p));
    cc_blockpool_free(&copy, p, 100);
    assert_int_equal(cc_blockpool_stats(&pool).free_count, 1);
    p = cc_blockpool_alloc(&copy, 100000);
    cc_blockpool_free(&pool, p, 100000);
    assert_int_equal(cc_blockpool_stats(&copy).live_bytes, 0);
}

/* ---- storage of the caller ---- */

static void storage_that_is_too_small(void **state)
{
    char *storage = aligned_alloc(UNIT, 3 * UNIT);

    (void)state;
    assert_int_equal(cc_blockpool_init_in(&pool, storage, 0), CC_RESULT_FULL);
    assert_int_equal(cc_blockpool_init_in(&pool, storage, UNIT - 1), CC_RESULT_FULL);
    assert_int_equal(cc_blockpool_init_in(&pool, storage + 1, 2 * UNIT - 2), CC_RESULT_FULL);
    assert_int_equal(cc_blockpool_init_in(&pool, NULL, 0), CC_RESULT_FULL);
    assert_null(pool.shared);
    assert_int_equal(cc_blockpool_init_in(&pool, storage, UNIT), CC_RESULT_OK);
    cc_blockpool_fini(&pool);
    assert_int_equal(cc_blockpool_init_in(&pool, storage + 1, 2 * UNIT - 1), CC_RESULT_OK);
    char *p = cc_blockpool_alloc(&pool, fit(UNIT));
    assert_ptr_equal(p, storage + UNIT);
    memset(p, 1, fit(UNIT));
    assert_null(cc_blockpool_alloc(&pool, 1));
    cc_blockpool_fini(&pool);
    free(storage);
}

/* All of it is used, nothing else is, and it may be used otherwise afterwards. */
static void storage_is_used_and_nothing_else(void **state)
{
    enum { UNITS = 70 };
    size_t bytes   = (UNITS + 1) * UNIT;
    char  *storage = malloc(bytes), *last = storage + bytes;

    (void)state;
    memset(storage, 0x77, bytes);
    size_t before = (UNIT - (uintptr_t)storage % UNIT) % UNIT;
    size_t after  = (uintptr_t)last % UNIT;
    assert_int_equal(cc_blockpool_init_in(&pool, storage, bytes), CC_RESULT_OK);
    for (int round = 0; round < 3; round++) {
        size_t n = fill(fit(UNIT));
        assert_true(n == UNITS || (n == UNITS + 1 && before + after == 0));
        for (size_t i = 0; i < n; i++) {
            char *p = block[i];
            assert_true(p >= storage + before && p + UNIT <= last - after);
            memset(p, (int)i, fit(UNIT));
        }
        assert_int_equal(cc_blockpool_stats(&pool).reserved_bytes, n * UNIT);
        assert_null(cc_blockpool_alloc(&pool, CC_ALLOC_CACHED_MAX + 1));
        assert_null(cc_blockpool_alloc_aligned(&pool, 1, 8192));
        release(0, n, fit(UNIT));
        n = fill(fit(64));
        assert_true(n >= UNITS * UNIT / 64);
        release(0, n, fit(64));
        cc_blockpool_trim(&pool);
    }
    cc_blockpool_fini(&pool);
    for (size_t i = 0; i < before; i++)
        assert_int_equal(storage[i], 0x77);
    for (size_t i = 0; i < after; i++)
        assert_int_equal(last[-1 - (ptrdiff_t)i], 0x77);
    memset(storage, 0, bytes);
    free(storage);
}

/* ---- blocks ---- */

static void sizes_that_no_block_has(void **state)
{
    static const size_t none[] = { 0,
                                   SIZE_MAX,
                                   SIZE_MAX - 15,
                                   SIZE_MAX / 2,
                                   PTRDIFF_MAX,
                                   (size_t)PTRDIFF_MAX + 1,
                                   PTRDIFF_MAX / 64 + 1 };

    (void)state;
    for (size_t limit = 0; limit <= MIB; limit += MIB) {
        init(limit);
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
            for (size_t align = 1; align; align *= 2)
                assert_null(cc_blockpool_alloc_aligned(&pool, none[i], align));
        assert_null(cc_blockpool_alloc(&pool, 0));
        assert_null(cc_blockpool_alloc(&pool, SIZE_MAX));
        assert_null(cc_blockpool_alloc(&pool, PTRDIFF_MAX));
        assert_int_equal(parent.requests, 0);
        cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
        assert_int_equal(s.alloc_count, 0);
        assert_int_equal(s.reserved_bytes + s.live_bytes + s.peak_bytes, 0);
        cc_blockpool_fini(&pool);
    }
}

static void alignments_that_are_none(void **state)
{
    static const size_t none[] = { 0, 3, 5, 24, 48, 65, 4095, 4097, 12288, SIZE_MAX, SIZE_MAX / 2 };

    (void)state;
    init(0);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        for (size_t size = 0; size < 100000; size = 3 * size + 1)
            assert_null(cc_blockpool_alloc_aligned(&pool, size, none[i]));
    for (size_t align = (size_t)1 << 59; align; align *= 2) /* powers of two, but too large */
        assert_null(cc_blockpool_alloc_aligned(&pool, 1, align));
    assert_int_equal(parent.live_blocks, 0);
}

static void null_is_nothing(void **state)
{
    (void)state;
    init(0);
    for (size_t size = 0; size < 100000; size = 3 * size + 1) {
        cc_blockpool_free(&pool, NULL, size);
        for (size_t align = 1; align <= 8192; align *= 2)
            cc_blockpool_free_aligned(&pool, NULL, size, align);
    }
    assert_int_equal(cc_blockpool_stats(&pool).free_count, 0);
}

typedef struct shape {
    size_t size, align;
} shape_t;

/* Around every size class, in every alignment: a few blocks each, all there at the same time. */
static size_t list_shapes(shape_t *shape)
{
    static const size_t align[] = { 1, 8, 16, 32, 64, 128, 256, 1024, 4096, 8192 };
    size_t              n       = 0;

    for (size_t a = 0; a < sizeof align / sizeof *align; a++)
        for (size_t c = 0; c <= CC_HEAP_SIZES_; c++) {
            size_t size = c < CC_HEAP_SIZES_ ? cci_class_size[c] : 40000;
            for (size_t k = 0; k < 3; k++)
                shape[n++] = (shape_t){ size + k - 1, align[a] };
        }
    return n;
}

static unsigned char *make(size_t i, shape_t shape)
{
    unsigned char *p = shape.align <= 16 && i % 2
                           ? cc_blockpool_alloc(&pool, shape.size)
                           : cc_blockpool_alloc_aligned(&pool, shape.size, shape.align);

    assert_non_null(p);
    assert_int_equal((uintptr_t)p % shape.align, 0);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_true(cc_blockpool_owns(&pool, p));
    memset(p, (int)(i % 251), shape.size);
    return p;
}

static void drop(size_t i, unsigned char *p, shape_t shape)
{
    for (size_t k = 0; k < shape.size; k++)
        assert_int_equal(p[k], i % 251);
    if (shape.align <= 16 && i % 3)
        cc_blockpool_free(&pool, p, shape.size);
    else
        cc_blockpool_free_aligned(&pool, p, shape.size, shape.align);
}

static void all_shapes_are_aligned_and_apart(void **state)
{
    static shape_t shape[10 * (CC_HEAP_SIZES_ + 1) * 3];
    size_t         n = list_shapes(shape);

    (void)state;
    init(0);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 2 * n; i++)
            block[i] = make(i, shape[i % n]);
        for (size_t i = 0; i < 2 * n; i++)
            drop(i, block[i], shape[i % n]);
    }
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count, 4 * n);
    assert_int_equal(s.free_count, 4 * n);
    assert_int_equal(s.live_bytes, 0);
    cc_blockpool_trim(&pool);
    assert_int_equal(reserved(), 0);
}

static void owns(void **state)
{
    static const size_t sizes[] = { 1, 100, 5000, 32768, 40000 };
    char                here;

    (void)state;
    init(0);
    assert_false(cc_blockpool_owns(&pool, NULL));
    assert_false(cc_blockpool_owns(&pool, &here));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *p = cc_blockpool_alloc(&pool, sizes[i]);
        assert_true(cc_blockpool_owns(&pool, p));
        assert_false(cc_blockpool_owns(&pool, p + 1));
        assert_false(cc_blockpool_owns(&pool, p + 16));
        assert_false(cc_blockpool_owns(&pool, p - 1));
        cc_blockpool_free(&pool, p, sizes[i]);
        cc_blockpool_trim(&pool);
        assert_false(cc_blockpool_owns(&pool, p)); /* its chunk is gone */
    }
    assert_false(cc_blockpool_owns(&pool, NULL));
    assert_false(cc_blockpool_owns(&pool, &here));
}

static void it_is_an_allocator(void **state)
{
    (void)state;
    init(8 * MIB);
    cc_allocator_t a = cc_blockpool_allocator(&pool);
    for (size_t i = 0; i < 5000; i++) {
        size_t size = i * i % 40000 + 1, align = (size_t)1 << i % 14;
        block[0] = cc_allocator_alloc(a, size, align);
        assert_non_null(block[0]);
        assert_int_equal((uintptr_t)block[0] % align, 0);
        memset(block[0], 1, size);
        cc_allocator_free(a, block[0], size, align);
    }
    assert_null(cc_allocator_alloc(a, 9 * MIB, 16));
    assert_int_equal(cc_blockpool_stats(&pool).live_bytes, 0);
    assert_int_equal(cc_blockpool_stats(&pool).free_count, 5000);
}

/* A pool over a pool, and its limit is that of both. */
static void pools_stand_under_pools(void **state)
{
    cc_blockpool_t upper;

    (void)state;
    init(2 * MIB);
    assert_int_equal(cc_blockpool_init(&upper, cc_blockpool_allocator(&pool), 0), CC_RESULT_OK);
    size_t n = 0;
    while (cc_blockpool_alloc(&upper, fit(UNIT)))
        n++;
    /* chunks of 4, 8, 16 and 32 units, then such as still fit */
    assert_true(n >= 60 && n <= 128);
    assert_int_equal(cc_blockpool_stats(&pool).live_bytes, n * UNIT);
    assert_int_equal(reserved(), n * UNIT);
    cc_blockpool_fini(&upper);
    assert_int_equal(reserved(), 0);
}

/* ---- the limit ---- */

static void the_limit_is_exact(void **state)
{
    static const size_t limits[] = {
        UNIT, UNIT + 1,       2 * UNIT - 1, 7 * UNIT, 63 * UNIT + 5,
        MIB,  MIB + UNIT - 1, 3 * MIB + 1,  16 * MIB, 16 * MIB + UNIT
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        init(limits[i]);
        assert_int_equal(fill(fit(UNIT)), limits[i] / UNIT);
        assert_int_equal(reserved(), limits[i] / UNIT * UNIT);
        assert_int_equal(cc_blockpool_stats(&pool).peak_bytes, reserved());
        assert_int_equal(cc_blockpool_stats(&pool).exhausted_count, 1);
        assert_null(cc_blockpool_alloc(&pool, 100000));
        assert_null(cc_blockpool_alloc(&pool, 1));
        assert_int_equal(cc_blockpool_stats(&pool).exhausted_count, 3);
        cc_blockpool_fini(&pool);
    }
}

static void large_blocks_count(void **state)
{
    (void)state;
    init(4 * MIB);
    void *p = cc_blockpool_alloc(&pool, 4 * MIB);
    assert_non_null(p);
    assert_int_equal(reserved(), 4 * MIB);
    assert_null(cc_blockpool_alloc(&pool, 1));
    assert_null(cc_blockpool_alloc(&pool, 40000));
    cc_blockpool_free(&pool, p, 4 * MIB);
    assert_int_equal(reserved(), 0);
    assert_null(cc_blockpool_alloc(&pool, 4 * MIB + 1));
    p = cc_blockpool_alloc_aligned(&pool, 4 * MIB - 2 * UNIT, 8192);
    assert_non_null(p);
    assert_int_equal(fill(fit(UNIT)), 2);
    assert_int_equal(reserved(), 4 * MIB);
    cc_blockpool_free_aligned(&pool, p, 4 * MIB - 2 * UNIT, 8192);
    assert_int_equal(reserved(), 2 * UNIT);
    assert_int_equal(cc_blockpool_stats(&pool).peak_bytes, 4 * MIB);
}

/* What was freed serves every other size, and what is larger than all of them. */
static void it_recovers_in_other_sizes(void **state)
{
    enum { LIMIT = 4 * MIB };
    static const size_t sizes[] = { 64, 16384, 16, 32768, 4096, 20480, 48, 24576, 1024 };

    (void)state;
    init(LIMIT);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (cci_poison_active() && sizes[i] < 48)
            continue; /* too small for a gap */
        size_t n = fill(fit(sizes[i]));
        assert_true(n * sizes[i] >= LIMIT / 8 * 7 && n * sizes[i] <= LIMIT);
        assert_true(reserved() <= LIMIT && reserved() >= LIMIT - 7 * UNIT);
        release(0, n, fit(sizes[i]));
    }
    void *all = cc_blockpool_alloc(&pool, LIMIT);
    assert_non_null(all);
    assert_int_equal(reserved(), LIMIT);
    cc_blockpool_free(&pool, all, LIMIT);
    assert_int_equal(fill(fit(UNIT)), LIMIT / UNIT);
}

/* Freed little by little, and asked for in between: once all is free there is room for sure. */
static void it_recovers_from_refusals(void **state)
{
    static const size_t other[] = { 8000, 100000 };

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        init(16 * MIB);
        size_t n = fill(fit(256)), step = 200;
        for (size_t i = 0; i + step <= n; i += step) {
            release(i, i + step, fit(256));
            void *p = cc_blockpool_alloc(&pool, other[k]);
            cc_blockpool_free(&pool, p, other[k]);
        }
        release(n / step * step, n, fit(256));
        void *p = cc_blockpool_alloc(&pool, other[k]);
        assert_non_null(p);
        cc_blockpool_free(&pool, p, other[k]);
        cc_blockpool_fini(&pool);
    }
}

/* One block in use keeps its span, and no more. */
static void spans_in_use_stay(void **state)
{
    size_t kept = 0;

    (void)state;
    init(MIB);
    size_t n = fill(fit(1024));
    assert_int_equal(n, MIB / 1024);
    for (size_t i = 0; i < n; i++) {
        if ((uintptr_t)block[i] % (4 * UNIT) == 0)
            block[kept++] = block[i];
        else
            cc_blockpool_free(&pool, block[i], fit(1024));
    }
    assert_true(kept > 8 && kept <= 16);
    assert_int_equal(fill(fit(UNIT)), MIB / UNIT - kept);
}

/* ---- memory ---- */

static void trim_gives_chunks_back(void **state)
{
    (void)state;
    init(0);
    size_t n = 3 * MIB / 100;
    for (size_t i = 0; i < n; i++)
        assert_non_null(block[i] = cc_blockpool_alloc(&pool, 100));
    size_t had = reserved();
    cc_blockpool_trim(&pool);
    assert_int_equal(reserved(), had);
    release(1, n, 100);
    assert_int_equal(reserved(), had); /* not before it is asked to */
    assert_true(cc_blockpool_stats(&pool).cached_bytes >= (n - 1) * 100);
    cc_blockpool_trim(&pool);
    assert_int_equal(parent.live_blocks, 1); /* where the first block is */
    assert_int_equal(cc_blockpool_stats(&pool).live_bytes, class_of(100));
    cc_blockpool_free(&pool, block[0], 100);
    cc_blockpool_trim(&pool);
    assert_int_equal(reserved(), 0);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.live_bytes + s.cached_bytes, 0);
    assert_int_equal(s.peak_bytes, had);
    assert_non_null(cc_blockpool_alloc(&pool, 100));
    cc_blockpool_trim(&pool);
    cc_blockpool_thread_idle(&pool);
}

/* Every block is in use, cached, or was not cut off yet. */
static void stats_are_exact(void **state)
{
    const size_t size = fit(1024);

    (void)state;
    init(0);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count + s.free_count + s.exhausted_count, 0);
    for (size_t i = 0; i < 3000; i++)
        assert_non_null(block[i] = cc_blockpool_alloc(&pool, size));
    release(0, 1000, size);
    void *large = cc_blockpool_alloc(&pool, 50001);
    s           = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count, 3001);
    assert_int_equal(s.free_count, 1000);
    assert_int_equal(s.live_bytes, 2000 * 1024 + 50001);
    assert_true(s.cached_bytes >= 1000 * 1024 && s.cached_bytes <= 1128 * 1024);
    assert_int_equal(s.reserved_bytes, parent.live_bytes);
    cc_blockpool_free(&pool, large, 50001);
    release(1000, 3000, size);
    s = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count, 3001);
    assert_int_equal(s.free_count, 3001);
    assert_int_equal(s.live_bytes, 0);
    size_t cached = s.cached_bytes;
    cc_blockpool_thread_idle(&pool);
    assert_int_equal(cc_blockpool_stats(&pool).cached_bytes, cached);
    assert_int_equal(s.exhausted_count, 0);
}

/* ---- what can go wrong ---- */

static void each_request_of_the_parent_fails(void **state)
{
    bool failed = true;

    (void)state;
    for (size_t at = 0; failed; at++) {
        begin(NULL);
        parent.fail_at = at;
        init(0);
        size_t refused = 0;
        for (size_t i = 0; i < 300; i++) {
            block[i] = cc_blockpool_alloc(&pool, i % 40 ? 16000 : 70000);
            refused += block[i] == NULL;
        }
        assert_true(refused <= 1);
        assert_int_equal(cc_blockpool_stats(&pool).exhausted_count, refused);
        assert_int_equal(cc_blockpool_stats(&pool).alloc_count, 300 - refused);
        for (size_t i = 0; i < 300; i++)
            cc_blockpool_free(&pool, block[i], i % 40 ? 16000 : 70000);
        cc_blockpool_trim(&pool);
        assert_int_equal(reserved(), 0);
        failed = parent.requests > at;
        end(NULL);
    }
}

/* While the books' own lock is held by a thread that was stopped, there are blocks all the same. */
static void cells_in_other_hands(void **state)
{
    (void)state;
    init(0);
    assert_non_null(cc_blockpool_alloc(&pool, 64));
    cci_lock_wait(&cci_cell_lock);
    void *p = cc_blockpool_alloc(&pool, 1000), *q = cc_blockpool_alloc(&pool, 1000);
    cci_lock_release(&cci_cell_lock);
    assert_true(p && q && p != q);
    cci_lock_wait(&cci_cell_lock);
    cc_blockpool_free(&pool, p, 1000);
    cc_blockpool_free(&pool, q, 1000);
    cci_lock_release(&cci_cell_lock);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.free_count, 2);
    assert_int_equal(s.exhausted_count, 0);
    assert_int_equal(s.cached_bytes, 2 * class_of(1000));
}

int main(void)
{
#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        POOL_TEST(wrong_limits_are_refused),
        POOL_TEST(no_memory_for_the_books),
        POOL_TEST(fini_of_nothing),
        POOL_TEST(fini_gives_back_what_is_in_use),
        POOL_TEST(as_many_pools_as_there_can_be),
        POOL_TEST(a_copy_is_the_same_pool),
        POOL_TEST(storage_that_is_too_small),
        POOL_TEST(storage_is_used_and_nothing_else),
        POOL_TEST(sizes_that_no_block_has),
        POOL_TEST(alignments_that_are_none),
        POOL_TEST(null_is_nothing),
        POOL_TEST(all_shapes_are_aligned_and_apart),
        POOL_TEST(owns),
        POOL_TEST(it_is_an_allocator),
        POOL_TEST(pools_stand_under_pools),
        POOL_TEST(the_limit_is_exact),
        POOL_TEST(large_blocks_count),
        POOL_TEST(it_recovers_in_other_sizes),
        POOL_TEST(it_recovers_from_refusals),
        POOL_TEST(spans_in_use_stay),
        POOL_TEST(trim_gives_chunks_back),
        POOL_TEST(stats_are_exact),
        POOL_TEST(each_request_of_the_parent_fails),
        POOL_TEST(cells_in_other_hands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
