/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of calls a ring is a queue of bytes, or of records, that holds so many
 * and no more; one that overwrites is the end of all that was written. The model keeps everything
 * that was ever written, and two indices. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/ring.h>

#include "support/failing.h"
#include "support/seeded.h"

enum { SEEDS = 1000, STEPS = 400, SIZE_MOST = 300, ALL = STEPS * (SIZE_MOST + 8) };

static cc_ring_t     ring;
static unsigned char history[ALL];  /* every byte that was ever written */
static size_t        written, done; /* of it */
static size_t        capacity;
static bool          overwrites;

/* A size that is small, or about what the ring holds. */
static size_t some_size(void)
{
    const size_t most = capacity + 9 < SIZE_MOST ? capacity + 9 : SIZE_MOST;

    return below(2) ? below(most) : below(12);
}

/* New bytes behind the history; written does not move yet. */
static const unsigned char *invent(size_t n)
{
    for (size_t i = 0; i < n; i++)
        history[written + i] = (unsigned char)next_random();
    return history + written;
}

static size_t held(void)
{
    return written - done;
}

/* n bytes were written: what no longer fits has given way. */
static void has_written(size_t n)
{
    written += n;
    if (held() > capacity)
        done = written - capacity;
}

/* ---- bytes ---- */

static void try_write(void)
{
    const size_t         n    = some_size();
    const unsigned char *data = invent(n);

    const bool fits = n <= capacity && (overwrites || n <= capacity - held());
    CHECK(cc_ring_try_write(&ring, data, n) == fits);
    if (fits)
        has_written(n);
}

static void write_some(void)
{
    const size_t         n    = some_size();
    const size_t         room = overwrites ? capacity : capacity - held();
    const unsigned char *data = invent(n);

    CHECK(cc_ring_write(&ring, data, n) == (n < room ? n : room));
    has_written(n < room ? n : room);
}

static void try_read(void)
{
    unsigned char out[SIZE_MOST];
    const size_t  n = some_size();

    CHECK(cc_ring_try_read(&ring, out, n) == (n <= held()));
    if (n <= held()) {
        CHECK(memcmp(out, history + done, n) == 0);
        done += n;
    }
}

static void peek_or_read(void)
{
    unsigned char out[SIZE_MOST];
    const bool    peeks = below(2);
    const size_t  n = some_size(), expected = n < held() ? n : held();

    CHECK((peeks ? cc_ring_peek : cc_ring_read)(&ring, out, n) == expected);
    CHECK(memcmp(out, history + done, expected) == 0);
    done += peeks ? 0 : expected;
}

static void try_advance(void)
{
    const size_t n = some_size();

    CHECK(cc_ring_try_advance(&ring, n) == (n <= held()));
    done += n <= held() ? n : 0;
}

/* How much may lie in one piece, from a position on. */
static size_t piece(size_t position, size_t n)
{
    const size_t left = capacity - position % capacity;

    return cc_ring_stats(&ring).is_mirrored || n < left ? n : left;
}

static void reserve_and_commit(void)
{
    size_t       n;
    void        *place = cc_ring_reserve(&ring, &n);
    const size_t used  = n ? below(n + 1 < SIZE_MOST ? n + 1 : SIZE_MOST) : 0;
    const size_t first = used ? below(used + 1) : 0;

    CHECK(n == piece(written, capacity - held()));
    CHECK((place == NULL) == (n == 0));
    if (!place)
        return;
    memcpy(place, invent(used), used);
    cc_ring_commit(&ring, first);
    cc_ring_commit(&ring, used - first);
    has_written(used);
}

static void view_and_consume(void)
{
    size_t      n;
    const void *place = cc_ring_view(&ring, &n);

    CHECK(n == piece(done, held()));
    CHECK((place == NULL) == (n == 0));
    if (!place)
        return;
    CHECK(memcmp(place, history + done, n) == 0);
    const size_t used = below(n + 1);
    cc_ring_consume(&ring, used);
    done += used;
}

static void reset(void)
{
    if (below(8))
        return;
    cc_ring_reset(&ring);
    done = written;
}

typedef void step_t(void);

/* The last two lend. */
static step_t *const byte_steps[] = {
    try_write,   write_some, try_read,           peek_or_read,
    try_advance, reset,      reserve_and_commit, view_and_consume
};

/* ---- records: their headers are in the history as well ---- */

static size_t rounded(size_t n)
{
    return (n + 7) / 8 * 8;
}

static size_t record_at(size_t at)
{
    uint64_t n;

    memcpy(&n, history + at, sizeof n);
    return (size_t)n;
}

static size_t in_ring; /* bytes that the ring says are used; a gap is one of them */

/* What an overwriting ring does to make room for n bytes. */
static void give_way(size_t n)
{
    while (held() + n > capacity)
        done += 8 + rounded(record_at(done));
}

static const unsigned char *invent_record(size_t n)
{
    const unsigned char *data = invent(8 + rounded(n)) + 8;

    memcpy(history + written, &(uint64_t){ n }, 8);
    return data;
}

static void try_write_record(void)
{
    const size_t         n    = some_size();
    const unsigned char *data = invent_record(n);
    const size_t         room = cc_ring_record_room(&ring, n);

    CHECK((n > cc_ring_record_max(&ring)) == (room == SIZE_MAX));
    in_ring         = cc_ring_stats(&ring).used;
    const bool fits = room != SIZE_MAX && (overwrites || room <= capacity - in_ring);
    CHECK(fits || overwrites || n > cc_ring_record_max(&ring) || in_ring > 0);
    CHECK(cc_ring_try_write_record(&ring, data, n) == fits);
    if (!fits)
        return;
    if (overwrites)
        give_way(8 + rounded(n));
    written += 8 + rounded(n);
}

static void reserve_record(void)
{
    const size_t         n     = some_size();
    const size_t         cut   = below(n + 1);
    const unsigned char *data  = invent_record(cut);
    void                *place = cc_ring_try_reserve_record(&ring, n);

    if (!place)
        return;
    CHECK((uintptr_t)place % 8 == 0);
    memcpy(place, data, cut);
    if (below(4) == 0)
        return; /* thought better of it */
    cc_ring_commit_record(&ring, cut);
    written += 8 + rounded(cut);
}

static void read_record(void)
{
    unsigned char     out[SIZE_MOST];
    size_t            n = 77, most = below(SIZE_MOST);
    const cc_result_t r = cc_ring_read_record(&ring, out, most, &n);

    if (held() == 0 || record_at(done) > most) {
        CHECK(r == (held() == 0 ? CC_RESULT_NOT_FOUND : CC_RESULT_FULL));
        CHECK(n == 77);
        return;
    }
    CHECK(r == CC_RESULT_OK && n == record_at(done));
    CHECK(memcmp(out, history + done + 8, n) == 0);
    done += 8 + rounded(n);
}

static void view_record(void)
{
    size_t      n    = 77;
    const void *view = cc_ring_view_record(&ring, &n);

    CHECK((view == NULL) == (held() == 0));
    if (!view)
        return;
    CHECK(n == record_at(done) && memcmp(view, history + done + 8, n) == 0);
    if (below(2))
        return;
    cc_ring_consume_record(&ring);
    done += 8 + rounded(n);
}

static step_t *const record_steps[] = { try_write_record, try_write_record, read_record, reset,
                                        reserve_record,   view_record };

/* ---- runs ---- */

static void check_stats(void)
{
    const cc_ring_stats_t s = cc_ring_stats(&ring);

    CHECK(s.capacity == capacity && !s.damaged);
    CHECK(s.used == s.written - s.read || overwrites);
    CHECK(s.wraps == s.written / capacity);
    CHECK(s.used <= capacity);
    CHECK((s.used == 0) == (held() == 0));
}

static void walk(step_t *const *steps, size_t count, bool bytes)
{
    written = done = 0;
    for (int i = 0; i < STEPS; i++) {
        steps[below(count)]();
        check_stats();
        CHECK(!bytes || overwrites || cc_ring_stats(&ring).used == held());
    }
}

static void run(unsigned flags, bool bytes, size_t size)
{
    failing_t f      = { .fail_at = 0 };
    unsigned  mirror = flags & CC_RING_MIRRORED;

    CHECK(mirror || cc_ring_init(&ring, failing_allocator(&f), size, flags) == CC_RESULT_NO_MEMORY);
    f.fail_at = FAILING_NEVER;
    CHECK(cc_ring_init(&ring, failing_allocator(&f), size, flags) == CC_RESULT_OK);
    capacity   = cc_ring_stats(&ring).capacity;
    overwrites = flags & CC_RING_OVERWRITE;
    if (bytes)
        walk(byte_steps, overwrites ? 6 : 8, true);
    else
        walk(record_steps, overwrites ? 4 : 6, false);
    cc_ring_fini(&ring);
    CHECK(f.live_blocks == 0);
}

int main(void)
{
    for (seed = 1; seed <= SEEDS; seed++) {
        begin_seed(seed);
        const size_t size = CC_RING_CAPACITY_MIN << below(6);
        for (unsigned flags = 0; flags < 8; flags++) {
            run(flags, true, size);
            run(flags, false, size);
        }
    }
    puts("ok");
    return 0;
}
