/* SPDX-License-Identifier: MIT */
/* A writer and a reader that run as fast as they can: what is read is what was written, in order
 * and whole, whatever the kind of ring. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/ring.h>

#include "base/random.h"

static const char *part = "";

#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

enum {
    RECORDS   = CCMEM_INSTRUMENTED ? 30000 : 400000,
    SIZE_MOST = 120,
    CAPACITY  = 512,
    OVERTAKEN = 128 /* of a ring where nearly every record gives way to the next one */
};

static cc_ring_t ring;

/* Record i: its number, then bytes that follow from it. */
static size_t make(uint64_t i, unsigned char *data)
{
    uint64_t     r = cci_random_seed(i);
    const size_t n = 8 + cci_random_next(&r) % (SIZE_MOST - 8);

    memcpy(data, &i, sizeof i);
    memset(data + 8, (int)(r & 255), n - 8);
    return n;
}

static void check(const unsigned char *data, size_t size, uint64_t i)
{
    unsigned char expected[SIZE_MOST];

    CHECK(make(i, expected) == size);
    CHECK(memcmp(data, expected, size) == 0);
}

/* ---- what the two do ---- */

static void write_record(const unsigned char *data, size_t n)
{
    while (!cc_ring_try_write_record(&ring, data, n))
        sched_yield();
}

static void write_record_after_wait(const unsigned char *data, size_t n)
{
    while (!cc_ring_try_write_record(&ring, data, n))
        CHECK(cc_ring_wait_room(&ring, cc_ring_record_room(&ring, n), CC_RING_FOREVER));
}

static void write_in_place(const unsigned char *data, size_t n)
{
    void *place;

    while (!(place = cc_ring_try_reserve_record(&ring, n)))
        sched_yield();
    memcpy(place, data, n);
    cc_ring_commit_record(&ring, n);
}

static void write_bytes(const unsigned char *data, size_t n)
{
    for (size_t done = 0; done < n; sched_yield())
        done += cc_ring_write(&ring, data + done, n - done);
}

static void overwrite_record(const unsigned char *data, size_t n)
{
    CHECK(cc_ring_try_write_record(&ring, data, n));
}

static void read_record(uint64_t i)
{
    unsigned char data[SIZE_MOST];
    size_t        n = 0;
    cc_result_t   r;

    while ((r = cc_ring_read_record(&ring, data, sizeof data, &n)) == CC_RESULT_NOT_FOUND)
        sched_yield();
    CHECK(r == CC_RESULT_OK);
    check(data, n, i);
}

static void read_record_after_wait(uint64_t i)
{
    CHECK(cc_ring_wait_used(&ring, 1, CC_RING_FOREVER));
    read_record(i);
}

static void read_in_place(uint64_t i)
{
    const void *view;
    size_t      n = 0;

    while (!(view = cc_ring_view_record(&ring, &n)))
        sched_yield();
    check(view, n, i);
    cc_ring_consume_record(&ring);
}

static void read_bytes(uint64_t i)
{
    unsigned char expected[SIZE_MOST];
    const size_t  n = make(i, expected);
    size_t        seen;

    for (size_t done = 0; done < n; done += seen) {
        const void *view = cc_ring_view(&ring, &seen);
        if (!view)
            sched_yield();
        if (seen > n - done)
            seen = n - done;
        CHECK(seen == 0 || memcmp(view, expected + done, seen) == 0);
        cc_ring_consume(&ring, seen);
    }
}

/* ---- two threads ---- */

static void (*write_one)(const unsigned char *data, size_t n);

static void *write_all(void *unused)
{
    unsigned char data[SIZE_MOST];

    (void)unused;
    for (uint64_t i = 0; i < RECORDS; i++) {
        const size_t n = make(i, data);
        write_one(data, n);
    }
    return NULL;
}

static pthread_t begin(const char *name, size_t capacity, unsigned flags,
                       void (*write)(const unsigned char *, size_t))
{
    pthread_t thread;

    part      = name;
    write_one = write;
    CHECK(cc_ring_init(&ring, cc_allocator_heap(), capacity, flags) == CC_RESULT_OK);
    CHECK(pthread_create(&thread, NULL, write_all, NULL) == 0);
    return thread;
}

static void end(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(!cc_ring_stats(&ring).damaged);
    cc_ring_fini(&ring);
}

static void run(const char *name, unsigned flags, void (*write)(const unsigned char *, size_t),
                void (*read)(uint64_t))
{
    const pthread_t thread = begin(name, CAPACITY, flags, write);

    for (uint64_t i = 0; i < RECORDS; i++)
        read(i);
    CHECK(cc_ring_stats(&ring).used == 0);
    end(thread);
}

/* Records may be missing, but those that are read are whole and in order, and the last one comes.
 * */
static void run_overwriting(unsigned flags)
{
    const pthread_t thread =
        begin("overwriting", OVERTAKEN, flags | CC_RING_OVERWRITE, overwrite_record);
    unsigned char data[SIZE_MOST];
    uint64_t      i, next = 0;
    size_t        n;

    while (next < RECORDS) {
        cc_result_t r = cc_ring_read_record(&ring, data, sizeof data, &n);
        if (r == CC_RESULT_NOT_FOUND) {
            sched_yield();
            continue;
        }
        CHECK(r == CC_RESULT_OK);
        memcpy(&i, data, sizeof i);
        CHECK(i >= next);
        check(data, n, i);
        next = i + 1;
    }
    end(thread);
}

int main(void)
{
    run("records", 0, write_record, read_record);
    run("records, mirrored", CC_RING_MIRRORED, write_record, read_record);
    run("records in place", 0, write_in_place, read_in_place);
    run("records in place, mirrored", CC_RING_MIRRORED, write_in_place, read_in_place);
    run("bytes", 0, write_bytes, read_bytes);
    run("bytes, mirrored", CC_RING_MIRRORED, write_bytes, read_bytes);
    run("waiting", CC_RING_WAITS, write_record_after_wait, read_record_after_wait);
    run_overwriting(0);
    run_overwriting(CC_RING_WAITS);
    puts("ok");
    return 0;
}
