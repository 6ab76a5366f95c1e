/* SPDX-License-Identifier: MIT */
/* local_telling.h - tells the library's own recorder of events, and reads what it made of them.
 * Include cmocka.h before. */
#ifndef TEST_LOCAL_TELLING_H
#define TEST_LOCAL_TELLING_H
#include <pthread.h>

#include "support/local_trace.h"
#include "trace/reader.h"

static const cci_local_t *const own = &cci_local_own;

static const cci_local_options_t FULL = { .mode = CCI_MODE_FULL };

/* ---- telling ---- */

static inline void *at(uintptr_t n)
{
    return (void *)(0x5000000 + 16 * n);
}

static inline cci_local_event_t event(cci_op_t op, size_t size, size_t align)
{
    return (cci_local_event_t){ op, size, align, __builtin_frame_address(0) };
}

static inline void tell_alloc(cci_op_t op, void *ptr, size_t size, size_t align)
{
    cci_local_event_t e = event(op, size, align);
    own->allocated(own->allocating(), ptr, size + 8, &e);
}

static inline void tell_malloc(uintptr_t n, size_t size)
{
    tell_alloc(CCI_OP_MALLOC, at(n), size, 0);
}

static inline void tell_free(void *ptr)
{
    own->freed(own->freeing(ptr));
}

static inline void tell_realloc(uintptr_t old, void *ptr, size_t size)
{
    cci_local_event_t e     = event(CCI_OP_REALLOC, size, 0);
    uint64_t          began = own->resizing(at(old));
    own->resized(began, at(old), ptr, size + 8, &e);
}

typedef struct teller {
    pthread_t thread;
    uintptr_t first;
    unsigned  events;
} teller_t;

static inline void *tell_all(void *teller)
{
    const teller_t *t = teller;

    for (unsigned i = 0; i < t->events; i++)
        tell_malloc(t->first + i, 24);
    return NULL;
}

static inline void begin_teller(teller_t *t, uintptr_t first, unsigned events)
{
    t->first  = first;
    t->events = events;
    assert_int_equal(pthread_create(&t->thread, NULL, tell_all, t), 0);
}

static inline void end_teller(teller_t *t)
{
    assert_int_equal(pthread_join(t->thread, NULL), 0);
}

/* ---- reading ---- */

static local_trace_t shown;

static inline void start(const cci_local_options_t *options)
{
    assert_int_equal(own->start(options), CC_RESULT_OK);
    assert_true(own->is_on());
    local_trace_begin(&shown, own->header());
}

static inline bool read_once(void)
{
    cci_clock_pair_t now;
    return own->read(local_trace_take, &shown, &now);
}

/* What was shown; to be closed by `done`. */
static inline cci_trace_t *open_shown(void)
{
    cci_trace_t *t = NULL;
    size_t       n;

    const uint8_t *bytes = local_trace_file(&shown, &n);
    assert_int_equal(cci_trace_open_memory(&t, bytes, n), CC_RESULT_OK);
    return t;
}

static inline void done(cci_trace_t *t)
{
    assert_false(cci_trace_info(t)->incomplete);
    assert_int_equal(cci_trace_info(t)->lost_events, 0);
    cci_trace_close(t);
    local_trace_free(&shown);
}

static inline unsigned count_events(cci_trace_t *t)
{
    cci_event_t e;
    unsigned    n = 0;

    while (cci_trace_next(t, &e))
        n++;
    return n;
}

static inline void expect(cci_trace_t *t, cci_op_t op, uintptr_t ptr, uintptr_t old, uint64_t size)
{
    cci_event_t e;

    assert_true(cci_trace_next(t, &e));
    assert_int_equal(e.op, op);
    assert_ptr_equal((void *)e.ptr, at(ptr));
    assert_true(e.old_ptr == (old ? (uintptr_t)at(old) : 0));
    assert_int_equal(e.size, size);
    assert_int_equal(e.align_log2, op == CCI_OP_ALIGNED ? 12 : 0);
}

#endif
