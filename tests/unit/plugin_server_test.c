/* SPDX-License-Identifier: MIT */
/* A server in the program that it is about, whose figures come from elsewhere, slowly, or not at all. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugin/server.h"
#include "support/moments.h"

enum { BOUND_MS = 20000, ANSWER_MAX = 1 << 20 };

/* ---- a program that is served ---- */

typedef struct source {
    trace_builder_t *b;
    cci_moments_t    moments;
    atomic_int       begun, taken, waiting; /* waiting: takes of whole moments at the gate */
    bool             gated, fails;
    sem_t            gate;
    uint64_t         age_ns;
} source_t;

static _Thread_local bool has_begun;

static void begin(void *context)
{
    source_t *s = context;

    assert_false(has_begun);
    has_begun = true;
    s->begun++;
}

static cc_result_t take(void *context, bool whole, cci_moment_t *out)
{
    source_t *s = context;

    assert_true(has_begun);
    s->taken++;
    if (s->gated && whole) {
        s->waiting++;
        while (sem_wait(&s->gate) != 0) {
        }
    }
    if (s->fails)
        return CC_RESULT_NO_MEMORY;
    *out = moment_of(s->b, 1);
    out->as_of_ns -= s->age_ns;
    return CC_RESULT_OK;
}

static source_t source_of_one(void)
{
    static function_t *const one[] = { first };
    source_t                 s     = { .b = program_of(CCI_MODE_FULL, one, 1) };

    trace_builder_file(s.b, &(size_t){ 0 }); /* made once, by this thread */
    return s;
}

static cci_plugin_server_t *serve(source_t *s, uint16_t *port)
{
    cci_plugin_server_t *server = NULL;
    cci_moments_t        from   = {
                 .context = s, .program = "made up", .take = take, .thread_begins = begin
    };

    assert_int_equal(sem_init(&s->gate, 0, 0), 0);
    assert_int_equal(cci_plugin_serve(&server, &from, "0", port), CC_RESULT_OK);
    memset(&from, 0xee, sizeof from); /* it was copied */
    return server;
}

static void wait_for(atomic_int *count, int n)
{
    for (int ms = 0; *count < n; ms++) {
        assert_true(ms < BOUND_MS);
        poll(NULL, 0, 1);
    }
}

static int ask(uint16_t port, const char *path)
{
    struct sockaddr_in a  = { .sin_family      = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port        = htons(port) };
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char               request[128];

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
    return fd;
}

/* All of the answer, until the server closes; fd is closed. Valid until the next call. */
static const char *hear(int fd)
{
    static char   answer[ANSWER_MAX];
    size_t        n = 0;
    ssize_t       more;
    struct pollfd p = { .fd = fd, .events = POLLIN };

    do {
        assert_int_equal(poll(&p, 1, BOUND_MS), 1);
        more = recv(fd, answer + n, sizeof answer - 1 - n, 0);
        n += more > 0 ? (size_t)more : 0;
    } while (more > 0);
    answer[n] = '\0';
    close(fd);
    return answer;
}

static const char *get(uint16_t port, const char *path)
{
    return hear(ask(port, path));
}

static double metric(const char *text, const char *name)
{
    char        line[128];
    const char *at;

    snprintf(line, sizeof line, "\n%s ", name);
    assert_non_null(at = strstr(text, line));
    return strtod(at + strlen(line), NULL);
}

static void release(source_t *s)
{
    sem_destroy(&s->gate);
    trace_builder_destroy(s->b);
}

static void the_pages_are_of_the_moments(void **state)
{
    source_t             s = source_of_one();
    uint16_t             port;
    cci_plugin_server_t *server;

    (void)state;
    s.age_ns                = UINT64_C(60000000000);
    server                  = serve(&s, &port);
    const char *const links = get(port, "/links");
    assert_non_null(strstr(links, "made up"));
    const char *metrics = get(port, "/metrics");
    assert_memory_equal(metrics, "HTTP/1.1 200 ", 13);
    assert_true(metric(metrics, "cc_memory_alloc_total") == 1);
    assert_true(metric(metrics, "cc_memory_alloc_bytes_total") == 100);
    assert_true(metric(metrics, "cc_memory_live_lag_seconds") >= 60);
    const char *report = get(port, "/report.json");
    assert_non_null(strstr(report, "\"schema\": \"ccmem-report/1\""));
    assert_non_null(strstr(report, "\"first\""));
    const char *data = get(port, "/dashboard.json");
    assert_non_null(strstr(data, "\"schema\":\"ccmem-dashboard/1\""));
    assert_non_null(strstr(data, "\"first\""));
    cci_plugin_end(server);
    assert_int_equal(s.begun, 3);
    release(&s);
}

/* Of every moment nothing is left, and none is taken for those who ask for the same page at once. */
static void two_clients(void **state)
{
    source_t             s = source_of_one();
    uint16_t             port;
    cci_plugin_server_t *server;

    (void)state;
    s.gated = true;
    server  = serve(&s, &port);
    int one = ask(port, "/report.json");
    wait_for(&s.waiting, 1);
    int other = ask(port, "/report.json");
    sem_post(&s.gate);
    assert_non_null(strstr(hear(one), "\"first\""));
    assert_non_null(strstr(hear(other), "\"first\""));
    assert_int_equal(s.taken, 1);
    cci_plugin_end(server);
    release(&s);
}

static void no_scrape_waits_for_a_report(void **state)
{
    source_t             s = source_of_one();
    uint16_t             port;
    cci_plugin_server_t *server;

    (void)state;
    s.gated    = true;
    server     = serve(&s, &port);
    int report = ask(port, "/report.json");
    wait_for(&s.waiting, 1);
    assert_true(metric(get(port, "/metrics"), "cc_memory_alloc_total") == 1);
    sem_post(&s.gate);
    assert_non_null(strstr(hear(report), "ccmem-report/1"));
    cci_plugin_end(server);
    release(&s);
}

static void a_moment_that_cannot_be_had(void **state)
{
    source_t             s = source_of_one();
    uint16_t             port;
    cci_plugin_server_t *server;

    (void)state;
    s.fails = true;
    server  = serve(&s, &port);
    assert_memory_equal(get(port, "/metrics"), "HTTP/1.1 500 ", 13);
    assert_memory_equal(get(port, "/report.json"), "HTTP/1.1 500 ", 13);
    cci_plugin_end(server);
    release(&s);
}

static void *end(void *server)
{
    cci_plugin_end(server);
    return NULL;
}

/* A client that waits is cut off, or has its answer; no moment is taken afterwards. */
static void the_end_while_a_client_waits(void **state)
{
    source_t             s = source_of_one();
    uint16_t             port;
    cci_plugin_server_t *server;
    pthread_t            thread;

    (void)state;
    s.gated    = true;
    server     = serve(&s, &port);
    int report = ask(port, "/report.json");
    wait_for(&s.waiting, 1);
    assert_int_equal(pthread_create(&thread, NULL, end, server), 0);
    sem_post(&s.gate);
    hear(report);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(s.taken, 1);
    cci_plugin_end(NULL);
    release(&s);
}

static void addresses_that_cannot_be_had(void **state)
{
    source_t             s      = source_of_one();
    const cci_moments_t  from   = { .context = &s, .program = "x", .take = take };
    cci_plugin_server_t *server = NULL, *second_server = NULL;
    char                 address[32];
    uint16_t             port;

    (void)state;
    assert_int_equal(cci_plugin_serve(&server, &from, "x", &port), CC_RESULT_INVALID);
    assert_int_equal(cci_plugin_serve(&server, &from, "127.0.0.1:0", NULL), CC_RESULT_OK);
    cci_plugin_end(server);
    server = serve(&s, &port);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    assert_int_equal(cci_plugin_serve(&second_server, &from, address, NULL), CC_RESULT_IO);
    assert_null(second_server);
    cci_plugin_end(server);
    server = NULL;
    assert_int_equal(cci_plugin_serve(&server, &from, address, &port), CC_RESULT_OK);
    cci_plugin_end(server);
    release(&s);
}

/* ---- threads that cannot be had ---- */

typedef int create_t(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static int threads_left = -1; /* -1 = as many as are wanted */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    create_t *create = (create_t *)dlsym(RTLD_NEXT, "pthread_create");

    if (threads_left == 0)
        return EAGAIN;
    threads_left -= threads_left > 0;
    return create(thread, attributes, run, argument);
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int  n     = 0;

    assert_non_null(tasks);
    while (readdir(tasks))
        n++;
    closedir(tasks);
    return n;
}

/* One that was joined may be seen for a moment. */
static void wait_for_threads(int n)
{
    for (int ms = 0; count_threads() != n; ms++) {
        assert_true(ms < BOUND_MS);
        poll(NULL, 0, 1);
    }
}

/* Those that could be had are ended, and the port is free. */
static void threads_that_cannot_be_had(void **state)
{
    source_t             s      = source_of_one();
    const cci_moments_t  from   = { .context = &s, .program = "x", .take = take };
    const int            before = count_threads();
    char                 address[32];
    uint16_t             port;
    cci_plugin_server_t *server = serve(&s, &port);

    (void)state;
    cci_plugin_end(server);
    snprintf(address, sizeof address, "%u", port);
    for (int left = 0; left < 3; left++) {
        threads_left  = left;
        server        = NULL;
        cc_result_t r = cci_plugin_serve(&server, &from, address, NULL);
        threads_left  = -1;
        assert_int_equal(r, CC_RESULT_IO);
        assert_null(server);
        wait_for_threads(before);
    }
    server = serve(&s, &port);
    cci_plugin_end(server);
    release(&s);
}

/* It serves nobody, holds no port, and may end what its parent began. */
static void a_child_has_no_server(void **state)
{
    source_t             s = source_of_one();
    uint16_t             port;
    cci_plugin_server_t *server = serve(&s, &port), *again = NULL;
    const cci_moments_t  from = { .context = &s, .program = "x", .take = take };
    int                  begun[2], live[2], status;
    char                 address[32], byte;

    (void)state;
    wait_for(&s.begun, 3);
    assert_int_equal(pipe(begun), 0);
    assert_int_equal(pipe(live), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int other = dup(live[0]); /* by the number of the socket that was closed, most likely */
        close(live[1]);
        cci_plugin_end(server);
        (void)!write(begun[1], "", 1);
        _exit(fcntl(other, F_GETFD) < 0 || read(live[0], &byte, 1) != 0); /* until it is closed */
    }
    close(live[0]);
    assert_int_equal(read(begun[0], &byte, 1), 1); /* it has closed what it has no use for */
    close(begun[0]);
    close(begun[1]);
    assert_true(metric(get(port, "/metrics"), "cc_memory_alloc_total") == 1);
    cci_plugin_end(server);
    snprintf(address, sizeof address, "%u", port);
    cc_result_t r = cci_plugin_serve(&again, &from, address, NULL);
    close(live[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(r, CC_RESULT_OK);
    cci_plugin_end(again);
    release(&s);
}

/* ---- memory that cannot be had ---- */

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
#include "support/refusing_malloc.h"

/* Nothing is left of a server that could not be begun: neither a thread nor the port. */
static void no_memory_to_serve(void **state)
{
    source_t             s    = source_of_one();
    const cci_moments_t  from = { .context = &s, .program = "x", .take = take };
    cci_plugin_server_t *server;
    size_t               refused = 0;

    (void)state;
    for (server = NULL; !server; refused++) {
        calls         = 0;
        fail_at       = refused;
        armed         = true;
        cc_result_t r = cci_plugin_serve(&server, &from, "0", NULL);
        armed         = false;
        assert_int_equal(r, server ? CC_RESULT_OK : CC_RESULT_NO_MEMORY);
    }
    assert_true(refused > 3);
    cci_plugin_end(server);
    trace_builder_destroy(s.b);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_are_of_the_moments),
        cmocka_unit_test(two_clients),
        cmocka_unit_test(no_scrape_waits_for_a_report),
        cmocka_unit_test(a_moment_that_cannot_be_had),
        cmocka_unit_test(the_end_while_a_client_waits),
        cmocka_unit_test(addresses_that_cannot_be_had),
        cmocka_unit_test(threads_that_cannot_be_had),
        cmocka_unit_test(a_child_has_no_server),
#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
        cmocka_unit_test(no_memory_to_serve),
#endif
    };
    alarm(2 * BOUND_MS / 1000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
