/* SPDX-License-Identifier: MIT */
/* Base64 by the vectors of RFC 4648, and in pieces of every length; gzip on the way to it. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/base64.h"
#include "report/gzip.h"

/* Of n bytes, flushed after every `piece`; the caller frees it. */
static char *encode(const void *bytes, size_t n, size_t piece)
{
    char  *text;
    size_t length;
    FILE  *out    = open_memstream(&text, &length);
    FILE  *base64 = cci_base64_open(out);

    assert_non_null(base64);
    for (size_t at = 0; at < n; at += piece) {
        fwrite((const char *)bytes + at, 1, n - at < piece ? n - at : piece, base64);
        fflush(base64);
    }
    assert_int_equal(fclose(base64), 0);
    assert_int_equal(fclose(out), 0); /* is still open */
    return text;
}

static void test_the_vectors(void **state)
{
    static const char *const VECTORS[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof VECTORS / sizeof VECTORS[0]; i++) {
        char *text = encode(VECTORS[i][0], strlen(VECTORS[i][0]), 100);
        assert_string_equal(text, VECTORS[i][1]);
        free(text);
    }
}

static void test_the_whole_alphabet(void **state)
{
    uint8_t bytes[48];

    (void)state;
    for (unsigned i = 0; i < 48; i += 3) { /* four values of six bits in a row */
        const unsigned v = i / 3 * 4;
        bytes[i]         = (uint8_t)(v << 2 | (v + 1) >> 4);
        bytes[i + 1]     = (uint8_t)((v + 1) << 4 | (v + 2) >> 2);
        bytes[i + 2]     = (uint8_t)((v + 2) << 6 | (v + 3));
    }
    char *text = encode(bytes, sizeof bytes, 48);
    assert_string_equal(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    free(text);
}

static void test_pieces_make_no_difference(void **state)
{
    char bytes[1000];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 37 % 256);
    char *whole = encode(bytes, sizeof bytes, sizeof bytes);
    for (size_t piece = 1; piece < 8; piece++) {
        char *text = encode(bytes, sizeof bytes, piece);
        assert_string_equal(text, whole);
        free(text);
    }
    free(whole);
}

static void test_a_failed_write_is_kept_by_the_file(void **state)
{
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    FILE *base64 = cci_base64_open(full);
    FILE *gzip   = cci_gzip_open(base64);
    assert_non_null(gzip);
    for (int i = 0; i < 10000; i++)
        fprintf(gzip, "%d\n", i);
    assert_int_equal(fclose(gzip), 0);
    assert_int_equal(fclose(base64), 0);
    assert_true(ferror(full));
    fclose(full);
}

static void test_gzip_as_a_file(void **state)
{
    static const char TEXT[] = "as it was, as it was, as it was";
    char             *packed;
    size_t            n;
    char              back[100] = "";
    FILE             *out       = open_memstream(&packed, &n);
    FILE             *gzip      = cci_gzip_open(out);
    z_stream          z         = { 0 };

    (void)state;
    fputs(TEXT, gzip);
    assert_int_equal(fclose(gzip), 0);
    fclose(out);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in   = (Bytef *)packed;
    z.avail_in  = (uInt)n;
    z.next_out  = (Bytef *)back;
    z.avail_out = sizeof back;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    assert_string_equal(back, TEXT);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vectors),
        cmocka_unit_test(test_the_whole_alphabet),
        cmocka_unit_test(test_pieces_make_no_difference),
        cmocka_unit_test(test_a_failed_write_is_kept_by_the_file),
        cmocka_unit_test(test_gzip_as_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
