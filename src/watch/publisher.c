/* SPDX-License-Identifier: MIT */
/* publisher.c - see watch/publisher.h. */
#include "watch/publisher.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include "prim/background.h"
#include "prim/clock.h"
#include "prim/futex.h"
#include "watch/page.h"

enum { LOOK_MS = 1000 }; /* no page is asked for without a ring */

/* A thread that makes pages, of one kind of moment. */
typedef struct maker {
    cci_publisher_t *publisher;
    bool             whole;
    bool             runs;
    pthread_t        thread;
    cci_names_t      names;
} maker_t;

enum { MAKERS = 2 };

struct cci_publisher {
    const cci_listener_t *listener;
    cci_moments_t         from;
    cci_pages_t           pages;
    cci_server_t         *server;
    maker_t               maker[MAKERS];
    pid_t                 owner;
    atomic_bool           stop;
    _Atomic uint32_t      doorbell; /* futex: a page is asked for */
};

static void ring(void *publisher)
{
    cci_publisher_t *p = publisher;
    cci_futex_post(&p->doorbell);
}

static void begin_thread(void *publisher)
{
    const cci_publisher_t *p = publisher;

    if (p->from.thread_begins)
        p->from.thread_begins(p->from.context);
}

static bool answer(void *publisher, const cci_request_t *request, cci_answer_t *out)
{
    cci_publisher_t *p = publisher;
    return cci_pages_answer(&p->pages, request, out);
}

/* ---- the makers ---- */

static void make_page(maker_t *m, cci_page_kind_t kind)
{
    cci_publisher_t *p        = m->publisher;
    cci_document_t  *document = NULL;
    cci_moment_t     moment   = { 0 };
    uint64_t         work_ns  = 0;

    if (p->from.take(p->from.context, m->whole, &moment) == CC_RESULT_OK) {
        uint64_t begun = cci_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        document       = cci_page_of(&moment, kind, &m->names);
        work_ns        = moment.work_ns + cci_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
        cci_moment_close(&moment);
    }
    cci_pages_put(&p->pages, kind, document, work_ns / 1000000);
    cci_server_wake(p->server);
}

static void *make_pages(void *maker)
{
    maker_t         *m = maker;
    cci_publisher_t *p = m->publisher;
    cci_page_kind_t  kind;

    begin_thread(p);
    while (!atomic_load(&p->stop)) {
        uint32_t seen = atomic_load_explicit(&p->doorbell, memory_order_seq_cst);
        if (cci_pages_asked(&p->pages, m->whole, &kind))
            make_page(m, kind);
        else
            cci_futex_wait(&p->doorbell, seen, LOOK_MS);
    }
    return NULL;
}

/* The makers wake the server, so that one ends after them. */
static void end_threads(cci_publisher_t *p)
{
    atomic_store(&p->stop, true);
    ring(p);
    for (int i = 0; i < MAKERS; i++)
        if (p->maker[i].runs)
            pthread_join(p->maker[i].thread, NULL);
    cci_server_stop(p->server);
}

static bool start_maker(maker_t *m)
{
    m->runs = cci_background_start(&m->thread, make_pages, m) == 0;
    return m->runs;
}

/* ---- from outside ---- */

cc_result_t cci_publisher_create(cci_publisher_t **out, const cci_listener_t *listener,
                                 const cci_moments_t *from)
{
    cci_publisher_t *p = calloc(1, sizeof *p);

    if (!p || !cci_pages_init(&p->pages, from->program, ring, p)) {
        free(p);
        return CC_RESULT_NO_MEMORY;
    }
    p->listener = listener;
    p->from     = *from;
    p->owner    = getpid();
    for (int i = 0; i < MAKERS; i++)
        p->maker[i] = (maker_t){ .publisher = p, .whole = i != 0 };
    *out = p;
    return CC_RESULT_OK;
}

cc_result_t cci_publisher_start(cci_publisher_t *p)
{
    cc_result_t r = cci_server_start(&p->server, p->listener, begin_thread, answer, p);

    for (int i = 0; r == CC_RESULT_OK && i < MAKERS; i++)
        r = start_maker(&p->maker[i]) ? CC_RESULT_OK : CC_RESULT_IO;
    if (r == CC_RESULT_OK)
        return r;
    end_threads(p);
    p->server = NULL;
    for (int i = 0; i < MAKERS; i++)
        p->maker[i].runs = false;
    return r;
}

void cci_publisher_destroy(cci_publisher_t *p)
{
    if (!p || p->owner != getpid())
        return;
    end_threads(p);
    for (int i = 0; i < MAKERS; i++)
        cci_names_fini(&p->maker[i].names);
    cci_pages_fini(&p->pages);
    free(p);
}
