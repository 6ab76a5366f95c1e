/* SPDX-License-Identifier: MIT */
/* server.c - see serve/server.h: the thread, who may come in, and whose time is over. */
#include "serve/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prim/background.h"
#include "prim/clock.h"
#include "serve/connection.h"

enum {
    MUTE_MS      = 50, /* until it is tried again to take one in */
    POLL_WAKE    = CCI_SERVER_CONNECTIONS,
    POLL_CLIENTS = CCI_SERVER_CONNECTIONS + 1,
    POLLED       = CCI_SERVER_CONNECTIONS + 2
};

struct cci_server {
    cci_listener_t   listener;
    cci_service_t    service;
    pthread_t        thread;
    int              wake[2];
    cci_begin_fn_t  *begin;
    atomic_bool      stop;
    uint64_t         muted_until;
    cci_connection_t client[CCI_SERVER_CONNECTIONS];
};

static uint64_t now_ms(void)
{
    return cci_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* ---- who comes in ---- */

/* Where a new client may go: a place that is free, or whose client lets us wait and has had its turn;
 * that which is so first. *from_ms: from when on. */
static cci_connection_t *find_place(cci_server_t *s, uint64_t *from_ms)
{
    cci_connection_t *best = s->client;

    for (cci_connection_t *c = s->client; c < s->client + CCI_SERVER_CONNECTIONS; c++)
        if (cci_connection_yields_at(c) < cci_connection_yields_at(best))
            best = c;
    *from_ms = cci_connection_yields_at(best);
    return best;
}

/* From when on a new client is let in; until then it waits in the system's queue. */
static uint64_t open_from(cci_server_t *s)
{
    uint64_t from_ms;

    find_place(s, &from_ms);
    return from_ms > s->muted_until ? from_ms : s->muted_until;
}

static void take_in(cci_server_t *s, int fd, uint64_t now)
{
    uint64_t          from_ms;
    cci_connection_t *place = find_place(s, &from_ms);

    cci_connection_end(place);
    cci_connection_begin(place, fd, now);
    cci_connection_step(place, &s->service, now);
}

/* One: there are others to be served. */
static void accept_one(cci_server_t *s, uint64_t now)
{
    if (open_from(s) > now)
        return;
    int fd = accept4(s->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        take_in(s, fd, now);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        s->muted_until = now + MUTE_MS;
}

/* ---- the loop ---- */

static void throw_away_wakes(cci_server_t *s)
{
    char bytes[64];

    while (read(s->wake[0], bytes, sizeof bytes) == sizeof bytes) {
    }
}

/* Until somebody's time is over, or, when nobody can come in, somebody may again. */
static int timeout_at(cci_server_t *s, uint64_t now)
{
    uint64_t open = open_from(s), until = open > now ? open : UINT64_MAX;

    for (const cci_connection_t *c = s->client; c < s->client + CCI_SERVER_CONNECTIONS; c++)
        if (c->phase != CCI_PHASE_NONE && c->until < until)
            until = c->until;
    if (until == UINT64_MAX)
        return -1;
    return until > now ? (int)(until - now) : 0;
}

static void wait_for_events(cci_server_t *s, struct pollfd p[POLLED])
{
    uint64_t now = now_ms();

    for (int i = 0; i < CCI_SERVER_CONNECTIONS; i++) {
        const cci_connection_t *c = &s->client[i];
        p[i]                      = (struct pollfd){ .fd     = c->phase == CCI_PHASE_NONE ? -1 : c->fd,
                                                     .events = cci_connection_events(c) };
    }
    p[POLL_WAKE] = (struct pollfd){ .fd = s->wake[0], .events = POLLIN };
    p[POLL_CLIENTS] =
        (struct pollfd){ .fd = open_from(s) > now ? -1 : s->listener.fd, .events = POLLIN };
    if (poll(p, POLLED, timeout_at(s, now)) < 0)
        for (int i = 0; i < POLLED; i++)
            p[i].revents = 0;
}

static void serve_client(cci_server_t *s, cci_connection_t *c, short events, bool woken,
                         uint64_t now)
{
    if (events & (POLLIN | POLLOUT) || (woken && c->phase == CCI_PHASE_ASKING))
        cci_connection_step(c, &s->service, now);
    else if (events) /* POLLERR, POLLHUP: nobody is there */
        cci_connection_end(c);
    if (c->phase != CCI_PHASE_NONE && now >= c->until)
        cci_connection_expire(c, &s->service, now);
}

static void serve_once(cci_server_t *s)
{
    struct pollfd p[POLLED];

    wait_for_events(s, p);
    bool     woken = p[POLL_WAKE].revents != 0;
    uint64_t now   = now_ms();
    if (woken)
        throw_away_wakes(s);
    for (int i = 0; i < CCI_SERVER_CONNECTIONS; i++)
        serve_client(s, &s->client[i], p[i].revents, woken, now);
    if (p[POLL_CLIENTS].revents)
        accept_one(s, now);
}

static void *run(void *server)
{
    cci_server_t *s = server;

    if (s->begin)
        s->begin(s->service.context);
    while (!atomic_load(&s->stop))
        serve_once(s);
    for (int i = 0; i < CCI_SERVER_CONNECTIONS; i++)
        cci_connection_end(&s->client[i]);
    return NULL;
}

/* ---- from outside ---- */

static void release(cci_server_t *s)
{
    close(s->wake[0]);
    close(s->wake[1]);
    free(s);
}

cc_result_t cci_server_start(cci_server_t **out, const cci_listener_t *listener,
                             cci_begin_fn_t *begin, cci_answer_fn_t *answer, void *context)
{
    cci_server_t *s = calloc(1, sizeof *s);

    if (!s)
        return CC_RESULT_NO_MEMORY;
    s->begin    = begin;
    s->listener = *listener;
    s->service  = (cci_service_t){ answer, context, listener->loopback };
    if (pipe2(s->wake, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(s);
        return CC_RESULT_IO;
    }
    int error = cci_background_start(&s->thread, run, s);
    if (error) {
        release(s);
        return error == ENOMEM ? CC_RESULT_NO_MEMORY : CC_RESULT_IO;
    }
    *out = s;
    return CC_RESULT_OK;
}

void cci_server_wake(cci_server_t *s)
{
    /* A full pipe wakes, too. */
    while (write(s->wake[1], "", 1) < 0 && errno == EINTR) {
    }
}

void cci_server_stop(cci_server_t *s)
{
    if (!s)
        return;
    atomic_store(&s->stop, true);
    cci_server_wake(s);
    pthread_join(s->thread, NULL);
    release(s);
}
