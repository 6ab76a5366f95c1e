/* SPDX-License-Identifier: MIT */
/* Messages byte for byte, as the specification's examples have them; and gzip, read by zlib. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/gzip.h"
#include "report/protobuf.h"

#define EXPECT(message, expected)                                        \
    do {                                                                 \
        assert_false((message).failed);                                  \
        assert_int_equal((message).count, sizeof(expected) - 1);         \
        assert_memory_equal((message).bytes, expected, (message).count); \
    } while (0)

/* The first three are those of the specification. */
static void test_fields(void **state)
{
    (void)state;
    cci_protobuf_t p = { 0 };
    cci_protobuf_uint(&p, 1, 150);
    EXPECT(p, "\x08\x96\x01");
    cci_protobuf_clear(&p);
    cci_protobuf_text(&p, 2, "testing");
    EXPECT(p, "\x12\x07testing");
    cci_protobuf_clear(&p);
    cci_protobuf_packed(&p, 6, (uint64_t[]){ 3, 270, 86942 }, 3);
    EXPECT(p, "\x32\x06\x03\x8e\x02\x9e\xa7\x05");
    cci_protobuf_clear(&p);
    cci_protobuf_uint(&p, 16, UINT64_MAX);
    EXPECT(p, "\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    cci_protobuf_fini(&p);
}

static void test_what_is_left_out_and_what_not(void **state)
{
    (void)state;
    cci_protobuf_t p = { 0 };
    cci_protobuf_uint(&p, 1, 0);
    cci_protobuf_packed(&p, 2, NULL, 0);
    assert_int_equal(p.count, 0);
    cci_protobuf_packed(&p, 2, (uint64_t[]){ 0, 0 }, 2);
    cci_protobuf_text(&p, 3, "");
    EXPECT(p, "\x12\x02\x00\x00\x1a\x00");
    cci_protobuf_fini(&p);
}

static void test_messages_in_messages(void **state)
{
    (void)state;
    cci_protobuf_t outer = { 0 }, inner = { 0 };
    cci_protobuf_message(&outer, 4, &inner); /* an empty one is one */
    cci_protobuf_uint(&inner, 1, 150);
    cci_protobuf_message(&outer, 3, &inner);
    EXPECT(outer, "\x22\x00\x1a\x03\x08\x96\x01");
    cci_protobuf_fini(&inner);
    cci_protobuf_fini(&outer);
}

static void test_texts_are_utf8(void **state)
{
    (void)state;
    cci_protobuf_t p = { 0 };
    cci_protobuf_text(&p, 1, "a\xff\u00fc");
    EXPECT(p, "\x0a\x06"
              "a\ufffd\u00fc");
    cci_protobuf_fini(&p);
}

static void test_growing(void **state)
{
    (void)state;
    cci_protobuf_t p = { 0 }, whole = { 0 };
    for (unsigned i = 0; i < 10000; i++)
        cci_protobuf_uint(&p, 1, 1 + i % 100);
    cci_protobuf_message(&whole, 1, &p);
    assert_int_equal(p.count, 20000);
    assert_int_equal(whole.count, 20000 + 4);
    assert_memory_equal(whole.bytes + 4, p.bytes, p.count);
    cci_protobuf_fini(&whole);
    cci_protobuf_fini(&p);
}

/* A failure goes up to the message that holds it, and is not forgotten. */
static void test_failure_stays(void **state)
{
    (void)state;
    cci_protobuf_t p = { .failed = true }, whole = { 0 };
    cci_protobuf_uint(&p, 1, 1);
    assert_int_equal(p.count, 0);
    cci_protobuf_clear(&p);
    cci_protobuf_message(&whole, 1, &p);
    assert_true(p.failed && whole.failed);
    cci_protobuf_fini(&p);
    assert_false(p.failed);
    cci_protobuf_fini(&whole);
}

/* ---- gzip ---- */

static size_t inflate_all(const char *packed, size_t n, unsigned char *out, size_t room)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)n };

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_out  = out;
    z.avail_out = (uInt)room;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    return room - z.avail_out;
}

/* Sizes from nothing to more than any buffer, in pieces; what repeats and what does not. */
static void test_gzip(void **state)
{
    (void)state;
    enum { ROOM = 300000 };
    unsigned char *plain = malloc(ROOM), *back = malloc(ROOM + 1);
    uint32_t       x = 1;
    for (size_t i = 0; i < ROOM; i++)
        plain[i] = (unsigned char)(i < ROOM / 2 ? 'a' : (x = x * 1664525 + 1013904223) >> 24);
    for (size_t n = 0; n <= ROOM; n = n * 7 + 1 > ROOM && n < ROOM ? ROOM : n * 7 + 1) {
        char      *packed;
        size_t     size;
        cci_gzip_t g;
        FILE      *out = open_memstream(&packed, &size);
        assert_true(cci_gzip_begin(&g, out));
        for (size_t at = 0; at < n; at += 10007)
            cci_gzip_write(&g, plain + at, n - at < 10007 ? n - at : 10007);
        cci_gzip_end(&g);
        fclose(out);
        assert_int_equal(inflate_all(packed, size, back, ROOM + 1), n);
        assert_memory_equal(back, plain, n);
        assert_memory_equal(packed + 4, "\0\0\0\0", 4); /* no time */
        free(packed);
    }
    free(plain);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_what_is_left_out_and_what_not),
        cmocka_unit_test(test_messages_in_messages),
        cmocka_unit_test(test_texts_are_utf8),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_failure_stays),
        cmocka_unit_test(test_gzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
