/* SPDX-License-Identifier: MIT */
/* What clients may ask, how it is understood, and with which status all else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "serve/request.h"

static cci_request_t request;

/* What of these bytes is a request. Texts point into what was given, which therefore stays. */
static size_t reading(const char *bytes)
{
    static char kept[4 * CCI_REQUEST_MAX];
    size_t      n = strlen(bytes);

    assert_true(n < sizeof kept);
    memcpy(kept, bytes, n);
    return cci_request_read(&request, kept, n);
}

static void assert_text(cci_text_t text, const char *wanted)
{
    assert_true(cci_text_is(text, wanted));
}

static void a_request_is_understood(void **state)
{
    static const char GET[] = "GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:9464\r\n"
                              "User-Agent: curl\r\naccept:  text/plain \r\n\r\n";

    (void)state;
    assert_int_equal(reading(GET), sizeof GET - 1);
    assert_int_equal(request.status, 0);
    assert_text(request.path, "/metrics");
    assert_text(request.host, "localhost:9464");
    assert_text(request.accept, "text/plain");
    assert_false(request.head || request.close || request.old);
}

static void head_and_connection_are_understood(void **state)
{
    (void)state;
    assert_true(reading("HEAD / HTTP/1.1\r\nHost:\r\nConnection: te, Close\r\n\r\n"));
    assert_int_equal(request.status, 0);
    assert_true(request.head && request.close);
    assert_true(reading("GET / HTTP/1.0\r\n\r\n"));
    assert_int_equal(request.status, 0);
    assert_true(request.close && request.old);
    assert_int_equal(request.host.n, 0);
}

static void lines_may_end_without_a_cr(void **state)
{
    (void)state;
    assert_int_equal(reading("GET /a HTTP/1.1\nHost: a\n\nGET"), 25);
    assert_int_equal(request.status, 0);
    assert_text(request.host, "a");
}

static void empty_lines_before_it_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(reading("\r\n\r\nGET /a HTTP/1.0\r\n\r\n"), 23);
    assert_text(request.path, "/a");
}

static void a_whole_address_is_its_host_and_path(void **state)
{
    (void)state;
    assert_true(reading("GET http://evil.example/x?y HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_int_equal(request.status, 0);
    assert_text(request.path, "/x");
    assert_text(request.host, "evil.example");
    assert_true(reading("GET http://evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_int_equal(request.status, 400);
}

static void the_next_request_is_left(void **state)
{
    static const char FIRST[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
    char              both[2 * sizeof FIRST];

    (void)state;
    strcpy(both, FIRST);
    strcat(both, "GET /2 HTTP/1.1\r\n");
    assert_int_equal(reading(both), sizeof FIRST - 1);
    assert_text(request.path, "/1");
}

static void a_part_is_none_yet(void **state)
{
    static const char WHOLE[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";

    (void)state;
    for (size_t n = 0; n < sizeof WHOLE - 1; n++)
        assert_int_equal(cci_request_read(&request, WHOLE, n), 0);
    assert_int_equal(cci_request_read(&request, WHOLE, sizeof WHOLE - 1), sizeof WHOLE - 1);
}

static void assert_refused(const char *bytes, int status)
{
    size_t used = reading(bytes);

    if (used == 0 || request.status != status)
        fail_msg("'%s': %zu, %d", bytes, used, request.status);
    assert_true(request.close);
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const bad[] = {
        "\x16\x03\x01\x02",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTX/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/11\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",                       /* no host */
        "GET http://a/ HTTP/1.1\r\n\r\n",               /* nor here, where it is one */
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", /* two */
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",           /* a name with a space */
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", /* a folded line */
        "GET / HTTP/1.1\r\nHost: a\r\nnone\r\n\r\n",    /* no colon */
        "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",     /* no name */
        "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(bad[i], 400);
    assert_true(reading("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
    assert_int_equal(request.status, 0);
}

static void other_methods_are_not_allowed(void **state)
{
    static const char *const methods[] = {
        "POST", "PUT", "DELETE", "OPTIONS", "get", "BREW", "GETS"
    };
    char bytes[128];

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        snprintf(bytes, sizeof bytes, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", methods[i]);
        assert_refused(bytes, 405);
    }
    assert_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400);
}

static void other_versions_are_not_spoken(void **state)
{
    (void)state;
    assert_refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    assert_refused("PRI * HTTP/2.0\r\n\r\n", 505);
    assert_refused("GET / HTTP/0.9\r\n\r\n", 505);
}

/* before, n times c, behind. */
static const char *filled(const char *before, char c, size_t n, const char *behind)
{
    static char bytes[4 * CCI_REQUEST_MAX];
    size_t      at = strlen(before);

    assert_true(at + n + strlen(behind) < sizeof bytes);
    strcpy(bytes, before);
    memset(bytes + at, c, n);
    strcpy(bytes + at + n, behind);
    return bytes;
}

static void lengths_have_bounds(void **state)
{
    static const char LINE[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ", END[] = "\r\n\r\n";
    size_t            rest = CCI_REQUEST_MAX - (sizeof LINE - 1) - (sizeof END - 1);

    (void)state;
    assert_refused(filled("GET /", 'a', CCI_REQUEST_LINE_MAX, " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
    assert_refused(filled("GET /", 'a', CCI_REQUEST_LINE_MAX, ""), 414);
    assert_int_equal(reading(filled("GET /", 'a', CCI_REQUEST_LINE_MAX - 6, "")), 0);
    assert_true(reading(filled(LINE, 'a', rest, END)));
    assert_int_equal(request.status, 0);
    assert_refused(filled(LINE, 'a', rest + 1, END), 431);
    assert_refused(filled(LINE, 'a', CCI_REQUEST_MAX - (sizeof LINE - 1), ""), 431);
    assert_int_equal(reading(filled(LINE, 'a', CCI_REQUEST_MAX - sizeof LINE, "")), 0);
}

static cci_text_t text(const char *of)
{
    return (cci_text_t){ of, strlen(of) };
}

static void the_format_that_is_preferred_is_given(void **state)
{
    static const char OPEN[]       = "application/openmetrics-text";
    static const char PLAIN[]      = "text/plain";
    static const char PROMETHEUS[] = "application/openmetrics-text;version=1.0.0,"
                                     "application/openmetrics-text;version=0.0.1;q=0.75,"
                                     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    (void)state;
    assert_true(cci_accept_prefers(text(PROMETHEUS), OPEN, PLAIN));
    assert_true(cci_accept_prefers(text("application/*"), OPEN, PLAIN));
    assert_true(
        cci_accept_prefers(text("*/*;q=0.1, application/openmetrics-text;q=0.2"), OPEN, PLAIN));
    assert_true(cci_accept_prefers(text("text/plain;q=0.3, APPLICATION/OpenMetrics-Text ; q=1"),
                                   OPEN, PLAIN));
    assert_false(cci_accept_prefers(text(""), OPEN, PLAIN));
    assert_false(cci_accept_prefers((cci_text_t){ 0 }, OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("*/*"), OPEN, PLAIN));
    assert_false(
        cci_accept_prefers(text("text/html,application/xml;q=0.9,*/*;q=0.8"), OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("application/openmetrics-text;q=0"), OPEN, PLAIN));
    assert_false(
        cci_accept_prefers(text("application/openmetrics-text;q=0.5,text/*"), OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("application/openmetrics-text;q=0.123,text/plain;q=0.2"),
                                    OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("application/openmetrics-text;q=2"), OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("application/openmetrics-text;q=x"), OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("application/openmetrics-texts"), OPEN, PLAIN));
    assert_false(cci_accept_prefers(text("*/*, application/openmetrics-text;q=0.1"), OPEN, PLAIN));
}

static void hosts_of_this_machine_are_known(void **state)
{
    static const char *const ours[] = { "localhost",  "LOCALHOST:80", "127.0.0.1", "127.0.0.1:9464",
                                        "127.1.2.3:", "[::1]",        "[::1]:9464" };
    static const char *const others[] = { "",
                                          "evil.example",
                                          "localhost.evil.example",
                                          "127.0.0.1.evil.example",
                                          "127.evil",
                                          "127.0.0.1:80:80",
                                          "127.0.0.1:x",
                                          "127.0.0",
                                          "128.0.0.1",
                                          "localhost@evil.example",
                                          "[::1]evil.example",
                                          "[::2]",
                                          "::1",
                                          ":80",
                                          "0.0.0.0" };
    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (!cci_host_is_loopback(text(ours[i])))
            fail_msg("%s", ours[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (cci_host_is_loopback(text(others[i])))
            fail_msg("%s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_understood),
        cmocka_unit_test(head_and_connection_are_understood),
        cmocka_unit_test(lines_may_end_without_a_cr),
        cmocka_unit_test(empty_lines_before_it_are_passed_over),
        cmocka_unit_test(a_whole_address_is_its_host_and_path),
        cmocka_unit_test(the_next_request_is_left),
        cmocka_unit_test(a_part_is_none_yet),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(other_methods_are_not_allowed),
        cmocka_unit_test(other_versions_are_not_spoken),
        cmocka_unit_test(lengths_have_bounds),
        cmocka_unit_test(the_format_that_is_preferred_is_given),
        cmocka_unit_test(hosts_of_this_machine_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
