/* SPDX-License-Identifier: MIT */
/* watch.c - see watch/watch.h.
 *
 * What is handed over lies in one slot, which goes round: WANTED by the reader, then the collector's
 * until it is FILLED, then the reader's. So no lock is held while the collector works, and the reader,
 * which the system may leave off the processor for long, cannot hold it up.
 */
#include "watch/watch.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "prim/background.h"
#include "prim/clock.h"
#include "prim/futex.h"
#include "watch/order.h"
#include "watch/publisher.h"
#include "watch/view.h"

enum {
    REFRESH_MS  = 100, /* reading keeps up with the program, also when nobody asks */
    PATIENCE_MS = 300, /* then a moment is made of what there is */
    ASKED_MS    = 20   /* between looks whether its time has come */
};

enum { ORDERS = 2 }; /* of moments that are not whole, and that are */

enum { SLOT_EMPTY, SLOT_WANTED, SLOT_FILLED };

/* The process that is looked at; the last one that began. */
typedef struct origin {
    unsigned           number;
    cci_trace_header_t header;
    char               path[PATH_MAX];
} origin_t;

typedef struct piece {
    cci_chunk_header_t header;
    uint8_t           *body;
    size_t             used;
} piece_t;

typedef struct growth {
    unsigned          origin;
    bool              failed; /* out of memory: it is not all */
    cci_clock_pair_t  now;
    uint64_t          end;
    piece_t          *piece;
    size_t            piece_count, piece_capacity;
    cci_rss_sample_t *rss;
    size_t            rss_count, rss_capacity;
} growth_t;

struct cci_watch {
    cci_publisher_t    *publisher;
    cci_order_t         order[ORDERS]; /* its makers' */
    pthread_t           reader;
    bool                reads;
    atomic_bool         stop;
    _Atomic uint32_t    doorbell; /* futex: something came for the reader */
    _Atomic uint32_t    slot;
    growth_t            growth;  /* of whom the slot is */
    _Atomic(origin_t *) next;    /* that began; the reader takes it */
    unsigned            origins; /* the collector's */
    /* the reader's: */
    cci_view_t  view;
    unsigned    origin; /* that the view is of; 0 = none yet */
    cc_result_t status;
};

static void ring(void *watch)
{
    cci_watch_t *w = watch;
    cci_futex_post(&w->doorbell);
}

/* ---- the collector ---- */

void cci_watch_begin(cci_watch_t *w, const cci_trace_header_t *header, const char *path)
{
    origin_t *o = malloc(sizeof *o);

    if (!o)
        return; /* it is not seen: as little memory would not do for its profile either */
    *o = (origin_t){ .number = ++w->origins, .header = *header };
    snprintf(o->path, sizeof o->path, "%s", path);
    free(atomic_exchange(&w->next, o)); /* one that the reader never saw */
    ring(w);
}

bool cci_watch_wants(cci_watch_t *w)
{
    return atomic_load_explicit(&w->slot, memory_order_acquire) == SLOT_WANTED; /* pairs: want */
}

static bool copy_body(piece_t *piece, const uint8_t *body)
{
    piece->body = malloc(piece->used + CCI_RECORD_MAX);
    if (!piece->body)
        return false;
    memcpy(piece->body, body, piece->used);
    memset(piece->body + piece->used, 0, CCI_RECORD_MAX);
    return true;
}

void cci_watch_chunk(cci_watch_t *w, const cci_chunk_header_t *header, const uint8_t *body,
                     size_t used)
{
    growth_t *g     = &w->growth;
    piece_t   piece = { .header = *header, .used = used };
    void *pieces = cci_array_room(g->piece, g->piece_count, &g->piece_capacity, sizeof *g->piece);

    if (pieces)
        g->piece = pieces;
    if (!pieces || !copy_body(&piece, body))
        g->failed = true;
    else
        g->piece[g->piece_count++] = piece;
}

static bool copy_rss(growth_t *g, const cci_rss_sample_t *rss, size_t n)
{
    if (n > g->rss_capacity) {
        void *room = realloc(g->rss, n * sizeof *rss);
        if (!room)
            return false;
        g->rss          = room;
        g->rss_capacity = n;
    }
    if (n)
        memcpy(g->rss, rss, n * sizeof *rss);
    g->rss_count = n;
    return true;
}

void cci_watch_commit(cci_watch_t *w, cci_clock_pair_t now, uint64_t end,
                      const cci_rss_sample_t *rss, size_t rss_count)
{
    growth_t *g = &w->growth;

    g->origin = w->origins;
    g->now    = now;
    g->end    = end;
    if (!copy_rss(g, rss, rss_count))
        g->failed = true;
    atomic_store_explicit(&w->slot, SLOT_FILLED, memory_order_release); /* pairs: take_growth */
    ring(w);
}

/* ---- the reader ---- */

static void want(cci_watch_t *w)
{
    atomic_store_explicit(&w->slot, SLOT_WANTED, memory_order_release); /* pairs: wants */
}

static bool slot_is(const cci_watch_t *w, uint32_t state)
{
    return atomic_load_explicit(&w->slot, memory_order_acquire) == state; /* pairs: commit */
}

static void empty(growth_t *g)
{
    for (size_t i = 0; i < g->piece_count; i++)
        free(g->piece[i].body);
    g->piece_count = 0;
    g->failed      = false;
}

static void take_origin(cci_watch_t *w)
{
    origin_t *o = atomic_exchange(&w->next, NULL);

    if (!o)
        return;
    cci_view_close(&w->view);
    w->origin = o->number;
    w->status = cci_view_open(&w->view, &o->header, o->path);
    free(o);
}

static cc_result_t take_pieces(cci_watch_t *w, growth_t *g)
{
    cc_result_t r = CC_RESULT_OK;

    for (size_t i = 0; r == CC_RESULT_OK && i < g->piece_count; i++) {
        r                = cci_trace_take_open(w->view.trace, &g->piece[i].header, g->piece[i].body,
                                               g->piece[i].used);
        g->piece[i].body = NULL; /* the trace's */
    }
    return r;
}

/* What the collector could not copy for want of memory would be missing. */
static cc_result_t take_growth(cci_watch_t *w, growth_t *g)
{
    cci_trace_t *t = w->view.trace;
    cc_result_t  r = g->failed ? CC_RESULT_NO_MEMORY : cci_trace_take_stored(t, g->end);

    if (r == CC_RESULT_OK)
        r = take_pieces(w, g);
    if (r == CC_RESULT_OK)
        r = cci_trace_take_rss(t, g->rss, g->rss_count);
    return r == CC_RESULT_OK ? cci_view_advance(&w->view, g->now) : r;
}

static void take_slot(cci_watch_t *w)
{
    if (!slot_is(w, SLOT_FILLED))
        return;
    if (w->status == CC_RESULT_OK && w->growth.origin == w->origin)
        w->status = take_growth(w, &w->growth);
    empty(&w->growth);
    atomic_store_explicit(&w->slot, SLOT_EMPTY, memory_order_relaxed);
}

static uint64_t age_ms(uint64_t since_ns)
{
    uint64_t now = cci_clock_ns(CLOCK_MONOTONIC);
    return now > since_ns ? (now - since_ns) / 1000000 : 0;
}

/* A moment has what is known when it is wanted; or, where that is not to be had soon, what there is. */
static bool is_time(const cci_watch_t *w, uint64_t wanted_ns)
{
    const cci_view_t *v = &w->view;

    if (w->status != CC_RESULT_OK)
        return true;
    bool known = !v->backlog && v->known_ns >= wanted_ns;
    return w->origin && (known || age_ms(wanted_ns) >= PATIENCE_MS);
}

static void make_moment(cci_watch_t *w, bool whole)
{
    cci_moment_t m = { 0 };
    cc_result_t  r = w->status;

    if (r == CC_RESULT_OK)
        r = cci_view_moment(&w->view, whole, &m);
    m.run = w->origin;
    cci_order_fill(&w->order[whole], r, &m);
}

/* Returns how many are still wanted. */
static unsigned fill_orders(cci_watch_t *w)
{
    unsigned left = 0;

    for (int i = 0; i < ORDERS; i++) {
        uint64_t since_ns = cci_order_since(&w->order[i]);
        if (since_ns && is_time(w, since_ns))
            make_moment(w, i != 0);
        else if (since_ns)
            left++;
    }
    return left;
}

static void complain(const cci_watch_t *w)
{
    fprintf(stderr, "ccmem: profile: --live: %s; the recording goes on\n",
            cc_result_text(w->status));
}

static void read_some(cci_watch_t *w)
{
    cc_result_t before = w->status;

    take_origin(w);
    take_slot(w);
    if (w->status == CC_RESULT_OK && w->view.backlog)
        w->status = cci_view_read(&w->view);
    if (w->status != CC_RESULT_OK && before == CC_RESULT_OK)
        complain(w);
}

/* What has come since, when somebody asks, and otherwise now and then. */
static void ask_for_more(cci_watch_t *w, bool asked)
{
    if (slot_is(w, SLOT_EMPTY) && (asked || age_ms(w->view.known_ns) >= REFRESH_MS))
        want(w);
}

/* One round. How many milliseconds there is nothing more to do, unless the doorbell rings. */
static unsigned work(cci_watch_t *w)
{
    read_some(w);
    bool asked = fill_orders(w) > 0;
    if (w->status != CC_RESULT_OK)
        return REFRESH_MS;
    if (w->view.backlog)
        return 0;
    ask_for_more(w, asked);
    return asked ? ASKED_MS : REFRESH_MS;
}

static void *read_on(void *watch)
{
    cci_watch_t *w = watch;

    while (!atomic_load(&w->stop)) {
        uint32_t seen = atomic_load_explicit(&w->doorbell, memory_order_seq_cst);
        unsigned ms   = work(w);
        if (ms)
            cci_futex_wait(&w->doorbell, seen, ms);
    }
    return NULL;
}

/* ---- the publisher's threads ---- */

static cc_result_t take(void *watch, bool whole, cci_moment_t *out)
{
    cci_watch_t *w = watch;

    cci_order_begin(&w->order[whole]);
    ring(w);
    return cci_order_wait(&w->order[whole], out);
}

/* ---- from outside ---- */

static bool init_orders(cci_watch_t *w)
{
    if (!cci_order_init(&w->order[false]))
        return false;
    if (cci_order_init(&w->order[true]))
        return true;
    cci_order_fini(&w->order[false]);
    return false;
}

cc_result_t cci_watch_create(cci_watch_t **out, const cci_listener_t *listener, const char *program)
{
    cci_watch_t        *w    = calloc(1, sizeof *w);
    const cci_moments_t from = { .context = w, .program = program, .take = take };

    if (!w || !init_orders(w)) {
        free(w);
        return CC_RESULT_NO_MEMORY;
    }
    cc_result_t r = cci_publisher_create(&w->publisher, listener, &from);
    if (r == CC_RESULT_OK)
        *out = w;
    else
        cci_watch_destroy(w);
    return r;
}

static void stop_reading(cci_watch_t *w)
{
    if (!w->reads)
        return;
    atomic_store(&w->stop, true);
    ring(w);
    pthread_join(w->reader, NULL);
    w->reads = false;
}

cc_result_t cci_watch_start(cci_watch_t *w)
{
    w->reads = cci_background_start(&w->reader, read_on, w) == 0;
    if (!w->reads)
        return CC_RESULT_IO;
    cc_result_t r = cci_publisher_start(w->publisher);
    if (r != CC_RESULT_OK)
        stop_reading(w);
    return r;
}

void cci_watch_destroy(cci_watch_t *w)
{
    if (!w)
        return;
    stop_reading(w);
    for (int i = 0; i < ORDERS; i++)
        cci_order_close(&w->order[i]); /* no maker waits for the reader */
    cci_publisher_destroy(w->publisher);
    for (int i = 0; i < ORDERS; i++)
        cci_order_fini(&w->order[i]);
    cci_view_close(&w->view);
    empty(&w->growth);
    free(w->growth.piece);
    free(w->growth.rss);
    free(atomic_load(&w->next));
    free(w);
}
