/* SPDX-License-Identifier: MIT */
/* connection.c - see serve/connection.h.
 *
 * Every phase has an end in time that no client can move: what counts is when it began. After the
 * last answer the connection is only half closed, and what still comes is read for a moment: closing
 * it at once with bytes unread would make the system throw the answer away.
 */
#include "serve/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_MS       = 5000,  /* from the first byte of a request, or the connection, to the last */
    IDLE_MS       = 75000, /* between two requests: longer than most scrape intervals */
    ASK_MS        = 10000,
    WRITE_MS      = 30000,
    LEAVE_MS      = 1000,
    TURN_MS       = 500, /* that a client has at least when others wait */
    TURN_WRITE_MS = 5000,
    ANSWERS_MAX   = 1000, /* on one connection */
    THROWN_BYTES  = 4096
};

typedef struct words {
    int         status;
    const char *text, *more;
} words_t;

static const words_t WORDS[] = {
    { 200, "OK", "" },
    { 400, "Bad Request", "" },
    { 404, "Not Found", "" },
    { 405, "Method Not Allowed", ": only GET and HEAD are" },
    { 408, "Request Timeout", "" },
    { 414, "URI Too Long", "" },
    { 421, "Misdirected Request", ": ask for localhost or 127.0.0.1 by that name" },
    { 431, "Request Header Fields Too Large", "" },
    { 503, "Service Unavailable", "" },
    { 505, "HTTP Version Not Supported", "" },
    { 500, "Internal Server Error", "" }, /* the last: all others */
};

static const words_t *words_of(int status)
{
    const words_t *w = WORDS, *last = WORDS + sizeof WORDS / sizeof WORDS[0] - 1;

    while (w < last && w->status != status)
        w++;
    return w;
}

static void enter(cci_connection_t *c, cci_phase_t phase, uint64_t now, uint64_t ms)
{
    c->phase = phase;
    c->since = now;
    c->until = now + ms;
}

void cci_connection_begin(cci_connection_t *c, int fd, uint64_t now)
{
    c->fd       = fd;
    c->in_n     = 0;
    c->answered = 0;
    enter(c, CCI_PHASE_READING, now, READ_MS);
}

void cci_connection_end(cci_connection_t *c)
{
    if (c->phase == CCI_PHASE_NONE)
        return;
    shutdown(c->fd, SHUT_RDWR); /* a child that was forked has it open, too */
    close(c->fd);
    cci_document_release(c->document);
    c->document = NULL;
    c->phase    = CCI_PHASE_NONE;
}

/* ---- the answer ---- */

static void date(char *out, size_t n)
{
    time_t    now = time(NULL);
    struct tm utc;

    if (!gmtime_r(&now, &utc) || !strftime(out, n, "%a, %d %b %Y %H:%M:%S GMT", &utc))
        out[0] = '\0';
}

static void put_head(cci_connection_t *c, const words_t *w, const char *type, size_t length)
{
    char now[64];

    date(now, sizeof now);
    c->head_n = (size_t)snprintf(c->head, sizeof c->head,
                                 "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\n"
                                 "Content-Length: %zu\r\nCache-Control: no-store\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Content-Security-Policy: connect-src 'self'; base-uri 'none'; "
                                 "form-action 'none'; frame-ancestors 'none'\r\n%s%s\r\n",
                                 w->status, w->text, now, type, length,
                                 w->status == 405 ? "Allow: GET, HEAD\r\n" : "",
                                 c->close ? "Connection: close\r\n" : "");
}

/* The status in words. */
static void use_words(cci_connection_t *c, const words_t *w)
{
    c->body_n =
        (size_t)snprintf(c->words, sizeof c->words, "%d %s%s\n", w->status, w->text, w->more);
    c->body = c->words;
}

static void compose(cci_connection_t *c, const cci_answer_t *a)
{
    const words_t *w = words_of(a->status);

    c->document = a->body;
    c->sent     = 0;
    if (a->body)
        c->body = cci_document_bytes(a->body, &c->body_n);
    else
        use_words(c, w);
    put_head(c, w, a->body ? cci_document_type(a->body) : "text/plain; charset=utf-8", c->body_n);
    if (c->request.head)
        c->body_n = 0;
}

static void begin_answer(cci_connection_t *c, const cci_answer_t *a, uint64_t now)
{
    c->close = c->request.close || c->answered + 1 >= ANSWERS_MAX;
    compose(c, a);
    enter(c, CCI_PHASE_WRITING, now, WRITE_MS);
}

/* ---- the phases; each says whether to go on at once ---- */

static bool read_bytes(cci_connection_t *c, uint64_t now)
{
    ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n <= 0) {
        cci_connection_end(c);
        return false;
    }
    if (c->in_n == 0 && c->answered) /* the pause is over */
        enter(c, CCI_PHASE_READING, now, READ_MS);
    c->in_n += (size_t)n;
    return true;
}

static bool step_reading(cci_connection_t *c, uint64_t now)
{
    c->request_n = cci_request_read(&c->request, c->in, c->in_n);
    if (c->request_n == 0)
        return read_bytes(c, now);
    enter(c, CCI_PHASE_ASKING, now, ASK_MS);
    return true;
}

/* The status to refuse a request with that is one, or 0. */
static int refusal(const cci_service_t *s, const cci_request_t *r)
{
    if (r->status)
        return r->status;
    return s->loopback && r->host.n && !cci_host_is_loopback(r->host) ? 421 : 0;
}

static bool step_asking(cci_connection_t *c, const cci_service_t *s, uint64_t now)
{
    const int    status = refusal(s, &c->request);
    cci_answer_t answer = { status ? status : 404, NULL };

    if (!status && !s->answer(s->context, &c->request, &answer))
        return false;
    begin_answer(c, &answer, now);
    return true;
}

/* The next request may be there already. */
static void end_answer(cci_connection_t *c, uint64_t now)
{
    cci_document_release(c->document);
    c->document = NULL;
    c->in_n -= c->request_n;
    memmove(c->in, c->in + c->request_n, c->in_n);
    c->answered++;
    if (!c->close) {
        enter(c, CCI_PHASE_READING, now, c->in_n ? READ_MS : IDLE_MS);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    enter(c, CCI_PHASE_LEAVING, now, LEAVE_MS);
}

static ssize_t send_rest(const cci_connection_t *c)
{
    size_t        of_head = c->sent < c->head_n ? c->head_n - c->sent : 0;
    size_t        of_body = c->head_n + c->body_n - c->sent - of_head;
    struct iovec  part[2] = { { (char *)c->head + (c->head_n - of_head), of_head },
                              { (char *)c->body + (c->body_n - of_body), of_body } };
    struct msghdr message = { .msg_iov = part, .msg_iovlen = 2 };

    return sendmsg(c->fd, &message, MSG_NOSIGNAL);
}

static bool step_writing(cci_connection_t *c, uint64_t now)
{
    ssize_t n = send_rest(c);

    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n < 0) {
        cci_connection_end(c);
        return false;
    }
    c->sent += (size_t)n;
    if (c->sent == c->head_n + c->body_n)
        end_answer(c, now);
    return true;
}

/* Until the client closes, or its time is over. One portion at a time: it may never end. */
static bool step_leaving(cci_connection_t *c)
{
    char    thrown[THROWN_BYTES];
    ssize_t n = recv(c->fd, thrown, sizeof thrown, 0);

    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
        cci_connection_end(c);
    return false;
}

static bool step_once(cci_connection_t *c, const cci_service_t *s, uint64_t now)
{
    switch (c->phase) {
    case CCI_PHASE_NONE:
        return false;
    case CCI_PHASE_READING:
        return step_reading(c, now);
    case CCI_PHASE_ASKING:
        return step_asking(c, s, now);
    case CCI_PHASE_WRITING:
        return step_writing(c, now);
    case CCI_PHASE_LEAVING:
        return step_leaving(c);
    }
    return false;
}

void cci_connection_step(cci_connection_t *c, const cci_service_t *s, uint64_t now)
{
    while (step_once(c, s, now)) {
    }
}

/* ---- time ---- */

static void give_up(cci_connection_t *c, const cci_service_t *s, int status, uint64_t now)
{
    if (c->phase == CCI_PHASE_READING) {
        c->request   = (cci_request_t){ 0 };
        c->request_n = c->in_n;
    }
    c->request.close = true;
    begin_answer(c, &(cci_answer_t){ status, NULL }, now);
    cci_connection_step(c, s, now);
}

void cci_connection_expire(cci_connection_t *c, const cci_service_t *s, uint64_t now)
{
    const bool pause = c->phase == CCI_PHASE_READING && c->in_n == 0;

    if (c->phase == CCI_PHASE_READING && !pause)
        give_up(c, s, 408, now);
    else if (c->phase == CCI_PHASE_ASKING)
        give_up(c, s, 503, now);
    else
        cci_connection_end(c);
}

uint64_t cci_connection_yields_at(const cci_connection_t *c)
{
    switch (c->phase) {
    case CCI_PHASE_NONE:
        return 0;
    case CCI_PHASE_ASKING:
        return UINT64_MAX;
    case CCI_PHASE_WRITING:
        return c->since + TURN_WRITE_MS;
    default:
        return c->since + TURN_MS;
    }
}

short cci_connection_events(const cci_connection_t *c)
{
    switch (c->phase) {
    case CCI_PHASE_READING:
    case CCI_PHASE_LEAVING:
        return POLLIN;
    case CCI_PHASE_WRITING:
        return POLLOUT;
    default:
        return 0;
    }
}
