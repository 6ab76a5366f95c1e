/* SPDX-License-Identifier: MIT */
/* A ring hides nothing from AddressSanitizer: a use of bytes that are neither reserved nor written
 * is reported, wherever they are mapped. The program runs itself again to be wrong;
 * tests/integration runs it under Valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/ring.h>
#include "support/poisoning.h"

enum { SIZE = 4096 };

static cc_ring_t ring;

static void init(unsigned flags)
{
    if (cc_ring_init(&ring, cc_allocator_system(), SIZE, flags) != CC_RESULT_OK)
        exit(0);
}

static void write_and_read(size_t size)
{
    static unsigned char data[SIZE];

    if (!cc_ring_try_write(&ring, data, size) || !cc_ring_try_read(&ring, data, size))
        exit(0);
}

/* ---- the bugs: each returns a place that must not be written to ---- */

static unsigned char *record_past(void)
{
    init(0);
    return (unsigned char *)cc_ring_try_reserve_record(&ring, 24) + 24;
}

static unsigned char *record_after_consume(void)
{
    size_t n;

    init(0);
    if (!cc_ring_try_write_record(&ring, "abcdefgh", 8))
        exit(0);
    const void *record = cc_ring_view_record(&ring, &n);
    cc_ring_consume_record(&ring);
    return (unsigned char *)record;
}

static unsigned char *view_after_consume(void)
{
    size_t n;

    init(0);
    if (!cc_ring_try_write(&ring, "abcdefgh", 8))
        exit(0);
    const void *view = cc_ring_view(&ring, &n);
    cc_ring_consume(&ring, n);
    return (unsigned char *)view;
}

static unsigned char *bytes_after_read(void)
{
    init(0);
    write_and_read(64);
    return ring.bytes + 32;
}

static unsigned char *bytes_before_write(void)
{
    init(0);
    return ring.bytes;
}

static unsigned char *second_mapping(void)
{
    init(CC_RING_MIRRORED);
    return ring.bytes + ring.reach - 8;
}

static unsigned char *wrapped_after_read(void)
{
    init(CC_RING_MIRRORED);
    write_and_read(SIZE - 64);
    write_and_read(128);
    return ring.bytes + 32;
}

static const poisoning_bug_t bugs[] = {
    { "record_past", record_past },
    { "record_after_consume", record_after_consume },
    { "view_after_consume", view_after_consume },
    { "bytes_after_read", bytes_after_read },
    { "bytes_before_write", bytes_before_write },
    { "second_mapping", second_mapping },
    { "wrapped_after_read", wrapped_after_read },
    { NULL, NULL },
};

/* Everything that is lent may be used, all around the ring: no report. */
static void be_right(void)
{
    for (unsigned flags = 0; flags <= CC_RING_MIRRORED; flags++) {
        init(flags);
        for (int i = 0; i < 20; i++) {
            size_t         n;
            unsigned char *place = cc_ring_reserve(&ring, &n);
            memset(place, i, n);
            cc_ring_commit(&ring, n);
            const unsigned char *view = cc_ring_view(&ring, &n);
            if (view[0] != i || view[n - 1] != i)
                abort();
            cc_ring_consume(&ring, n);
            write_and_read(1 + (size_t)i * 199 % SIZE);
        }
        unsigned char *bytes = ring.bytes;
        cc_ring_fini(&ring);
        if (cc_ring_init_over(&ring, bytes = malloc(SIZE), SIZE, 0) != CC_RESULT_OK)
            abort();
        cc_ring_fini(&ring);
        memset(bytes, 0, SIZE);
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    return poisoning_main(argc, argv, bugs, be_right);
}
