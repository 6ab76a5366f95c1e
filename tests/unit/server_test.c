/* SPDX-License-Identifier: MIT */
/* The server with real connections: answers that are ready, that come later, that never come; who
 * makes room for whom; and the addresses that it listens at. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/server.h"

enum { BOUND_MS = 20000, LARGE = 8 << 20 };

static cci_listener_t listener;
static cci_server_t  *server;
static atomic_bool    ready;
static atomic_int     asked, begun;
static pthread_t      serving; /* the server's, once it has begun */

static cci_document_t *document_of(char c, size_t n)
{
    char *bytes = malloc(n);
    assert_non_null(bytes);
    memset(bytes, c, n);
    return cci_document_create(bytes, n, "text/x-test");
}

/* /now, /large: at once; /later: once `ready`; /500: that status; others are not there. */
static bool answer(void *context, const cci_request_t *request, cci_answer_t *out)
{
    assert_ptr_equal(context, &ready);
    assert_int_equal(begun, 1);
    assert_true(pthread_equal(serving, pthread_self()));
    asked++;
    if (cci_text_is(request->path, "/now"))
        *out = (cci_answer_t){ 200, document_of('n', 3) };
    if (cci_text_is(request->path, "/large"))
        *out = (cci_answer_t){ 200, document_of('l', LARGE) };
    if (cci_text_is(request->path, "/500"))
        *out = (cci_answer_t){ 500, NULL };
    if (!cci_text_is(request->path, "/later"))
        return true;
    if (ready)
        *out = (cci_answer_t){ 200, document_of('x', 5) };
    return ready;
}

/* Every answer is given after it, and by the same thread. */
static void begin(void *context)
{
    assert_ptr_equal(context, &ready);
    serving = pthread_self();
    begun++;
}

static int start(void **state)
{
    const char *why;

    (void)state;
    ready = false;
    asked = 0;
    begun = 0;
    assert_int_equal(cci_listener_open(&listener, "127.0.0.1:0", &why), CC_RESULT_OK);
    assert_int_equal(cci_server_start(&server, &listener, begin, answer, &ready), CC_RESULT_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cci_server_stop(server);
    cci_listener_close(&listener);
    return 0;
}

/* ---- a client ---- */

static int connect_to(const char *name)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    a.sin_port = htons((uint16_t)atoi(strrchr(name, ':') + 1));
    int fd     = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static int client(void)
{
    return connect_to(listener.name);
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void ask(int fd, const char *path)
{
    char request[128];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    say(fd, request);
}

/* Some bytes of the answer, 0 at its end. */
static size_t hear(int fd, char *to, size_t n)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&p, 1, BOUND_MS), 1);
    ssize_t got = recv(fd, to, n, 0);
    return got > 0 ? (size_t)got : 0;
}

/* The status of the next answer, which is short: nothing of it is left. */
static int status(int fd)
{
    char        text[1024];
    size_t      n = 0, length;
    const char *field;
    int         code;

    do {
        size_t more = hear(fd, text + n, 1);
        assert_true(more > 0 && n + 2 < sizeof text);
        n += more;
        text[n] = '\0';
    } while (!strstr(text, "\r\n\r\n"));
    assert_int_equal(sscanf(text, "HTTP/1.1 %d", &code), 1);
    assert_non_null(field = strstr(text, "Content-Length: "));
    assert_int_equal(sscanf(field, "Content-Length: %zu", &length), 1);
    for (char byte; length > 0; length--)
        assert_int_equal(hear(fd, &byte, 1), 1);
    return code;
}

static bool is_silent(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, 0) == 0;
}

/* Until the server has asked n times for an answer. */
static void wait_until_asked(int n)
{
    for (int ms = 0; asked < n; ms++) {
        assert_true(ms < BOUND_MS);
        poll(NULL, 0, 1);
    }
}

/* ---- tests ---- */

static void answers_are_given(void **state)
{
    int fd = client();

    (void)state;
    ask(fd, "/now");
    assert_int_equal(status(fd), 200);
    ask(fd, "/none");
    assert_int_equal(status(fd), 404);
    ask(fd, "/500");
    assert_int_equal(status(fd), 500);
    close(fd);
}

/* What a client may send before it has heard anything. */
static void requests_in_a_row_are_answered_in_a_row(void **state)
{
    int fd = client();

    (void)state;
    ask(fd, "/now");
    ask(fd, "/none");
    ask(fd, "/500");
    ask(fd, "/now");
    assert_int_equal(status(fd), 200);
    assert_int_equal(status(fd), 404);
    assert_int_equal(status(fd), 500);
    assert_int_equal(status(fd), 200);
    close(fd);
}

static void who_is_refused_is_not_asked_for(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "GET /now HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_int_equal(status(fd), 421);
    close(fd);
    fd = client();
    say(fd, "POST /now HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(status(fd), 405);
    assert_int_equal(asked, 0);
    close(fd);
}

static void a_head_has_no_body(void **state)
{
    char byte;
    int  fd = client();

    (void)state;
    say(fd, "HEAD /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    for (const char *end = "\r\n\r\n"; *end; end = byte == *end ? end + 1 : "\r\n\r\n")
        assert_int_equal(hear(fd, &byte, 1), 1);
    assert_int_equal(hear(fd, &byte, 1), 0);
    close(fd);
}

static void an_answer_may_come_later(void **state)
{
    int later = client(), other = client();

    (void)state;
    ask(later, "/later");
    wait_until_asked(1);
    ask(other, "/now"); /* nobody waits for another one */
    assert_int_equal(status(other), 200);
    cci_server_wake(server);
    wait_until_asked(3);
    assert_true(is_silent(later));
    ready = true;
    cci_server_wake(server);
    assert_int_equal(status(later), 200);
    close(later);
    close(other);
}

static void who_waits_may_go_away(void **state)
{
    int fd = client();

    (void)state;
    ask(fd, "/later");
    wait_until_asked(1);
    struct linger at_once = { 1, 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    ready = true;
    cci_server_wake(server);
    fd = client();
    ask(fd, "/now");
    assert_int_equal(status(fd), 200);
    close(fd);
}

static void stopping_waits_for_nobody(void **state)
{
    int  waiting = client(), half = client(), reading = client();
    char byte;

    (void)state;
    ask(waiting, "/later");
    say(half, "GET /n");
    ask(reading, "/large");
    assert_true(hear(reading, &byte, 1) == 1);
    cci_server_stop(server);
    server = NULL;
    assert_true(hear(waiting, &byte, 1) == 0);
    close(waiting);
    close(half);
    close(reading);
}

/* Not only when a client does something, or its time is over. */
static void stopping_needs_no_client(void **state)
{
    int fd = client();

    (void)state;
    ask(fd, "/now");
    assert_int_equal(status(fd), 200);
    poll(NULL, 0, 100); /* it waits by now, most likely; if not, nothing is tested here */
    alarm(BOUND_MS / 1000);
    cci_server_stop(server);
    alarm(0);
    server = NULL;
    close(fd);
}

/* All of a large answer arrives, portion by portion. */
static void large_answers_are_whole(void **state)
{
    static char text[LARGE + 1024];
    size_t      n  = 0;
    int         fd = client();

    (void)state;
    say(fd, "GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    for (size_t more; (more = hear(fd, text + n, sizeof text - 1 - n)) > 0;)
        n += more;
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    body += 4;
    assert_int_equal(n - (size_t)(body - text), LARGE);
    assert_int_equal(strspn(body, "l"), LARGE);
    close(fd);
}

/* Clients that say nothing make room, who waits for an answer does not. */
static void a_client_at_work_keeps_its_place(void **state)
{
    int working[CCI_SERVER_CONNECTIONS / 2], idle[CCI_SERVER_CONNECTIONS];

    (void)state;
    for (int i = 0; i < CCI_SERVER_CONNECTIONS / 2; i++) {
        working[i] = client();
        ask(working[i], "/later");
    }
    wait_until_asked(CCI_SERVER_CONNECTIONS / 2);
    for (int i = 0; i < CCI_SERVER_CONNECTIONS; i++)
        idle[i] = client();
    int fd = client();
    ask(fd, "/now");
    assert_int_equal(status(fd), 200);
    ready = true;
    cci_server_wake(server);
    for (int i = 0; i < CCI_SERVER_CONNECTIONS / 2; i++) {
        assert_int_equal(status(working[i]), 200);
        close(working[i]);
    }
    for (int i = 0; i < CCI_SERVER_CONNECTIONS; i++)
        close(idle[i]);
    close(fd);
}

static void a_document_ends_with_its_last_holder(void **state)
{
    cci_document_t *d = document_of('d', 4);
    size_t          n;

    (void)state;
    assert_ptr_equal(cci_document_hold(d), d);
    cci_document_release(d);
    assert_memory_equal(cci_document_bytes(d, &n), "dddd", 4);
    assert_int_equal(n, 4);
    cci_document_release(d);
    cci_document_release(NULL);
    assert_null(cci_document_hold(NULL));
}

static void addresses_are_understood(void **state)
{
    static const char *const bad[] = { "",
                                       ":",
                                       "x:",
                                       "x:y",
                                       "::1:80",
                                       "1:2:3",
                                       "127.0.0.1:99999",
                                       "127.0.0.1:+1",
                                       "127.0.0.1: 1",
                                       "[::1]" };
    const char              *why   = NULL;
    cci_listener_t           l, second;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(cci_listener_open(&l, bad[i], &why), CC_RESULT_INVALID);
    assert_int_equal(cci_listener_open(&l, "0", &why), CC_RESULT_OK);
    assert_true(l.loopback && strncmp(l.name, "127.0.0.1:", 10) == 0 && atoi(l.name + 10) > 0);
    assert_int_equal(l.port, atoi(l.name + 10));
    assert_int_equal(cci_listener_open(&second, l.name, &why), CC_RESULT_IO);
    assert_string_equal(why, "Address already in use");
    cci_listener_close(&l);
    assert_int_equal(cci_listener_open(&l, "0.0.0.0:0", &why), CC_RESULT_OK);
    assert_false(l.loopback);
    cci_listener_close(&l);
    cci_listener_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_are_given, start, stop),
        cmocka_unit_test_setup_teardown(requests_in_a_row_are_answered_in_a_row, start, stop),
        cmocka_unit_test_setup_teardown(who_is_refused_is_not_asked_for, start, stop),
        cmocka_unit_test_setup_teardown(a_head_has_no_body, start, stop),
        cmocka_unit_test_setup_teardown(an_answer_may_come_later, start, stop),
        cmocka_unit_test_setup_teardown(who_waits_may_go_away, start, stop),
        cmocka_unit_test_setup_teardown(stopping_waits_for_nobody, start, stop),
        cmocka_unit_test_setup_teardown(stopping_needs_no_client, start, stop),
        cmocka_unit_test_setup_teardown(large_answers_are_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_client_at_work_keeps_its_place, start, stop),
        cmocka_unit_test(a_document_ends_with_its_last_holder),
        cmocka_unit_test(addresses_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
