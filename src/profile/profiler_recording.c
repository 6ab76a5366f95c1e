/* SPDX-License-Identifier: MIT */
/* profiler_recording.c - see profile/profiler_recording.h.
 *
 * Two locks. `life` is held while a recording starts or ends, and outside of the other; `model` while
 * a trace is read or its parts are looked at. The thread that reads takes `model` for a short stretch
 * of events at a time and lets everybody else go first, so that a look waits for one stretch at most.
 * Both are held over a fork: the child finds a recording that nobody is in the middle of.
 */
#include "profile/profiler_recording.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "heap/observer.h"
#include "prim/background.h"
#include "prim/clock.h"
#include "prim/futex.h"
#include "trace/follow.h"
#include "trace/freeze.h"

enum {
    STRETCH   = 2048, /* events that are read at a time: some 100 us */
    LOOK      = 8192, /* events that a look reads before it is content with what there is */
    PERIOD_MS = 20    /* after which the reader looks, whether or not a chunk is full */
};

struct cci_recording {
    const cci_local_t  *local;
    cci_local_options_t options;
    cci_trace_t        *trace;
    cci_part_t         *parts;
    uint64_t            number;
    uint64_t            start_ns; /* CLOCK_MONOTONIC */
    uint64_t            known_ns; /* CLOCK_MONOTONIC: what happened before was taken */
    bool                backlog;  /* not all that was taken is read */
    bool                standing; /* in the child of a fork: nobody records or reads */
    cc_result_t         status;   /* of reading; the first failure stays */
    pthread_t           reader;
    _Atomic bool        ending;
};

static pthread_mutex_t  life = PTHREAD_MUTEX_INITIALIZER, model = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint32_t callers; /* that want `model`; a futex */
static cci_recording_t *current;
static uint64_t         recordings; /* so far */

/* ---- not to be recorded ---- */

static const cci_local_t *found;

static void find_local(void)
{
    found = cci_local_find();
}

static const cci_local_t *local_of_process(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_local);
    return found;
}

void *cci_part_suspend(void)
{
    return local_of_process()->suspend();
}

void cci_part_resume(void *suspended)
{
    local_of_process()->resume(suspended);
}

/* ---- turns ---- */

static void enter(void)
{
    atomic_fetch_add(&callers, 1);
    pthread_mutex_lock(&model);
}

static void leave(void)
{
    pthread_mutex_unlock(&model);
    if (atomic_fetch_sub(&callers, 1) == 1)
        cci_futex_wake_all(&callers);
}

static void let_callers_go_first(void)
{
    enum { AGAIN_MS = 10 };
    uint32_t waiting;

    while ((waiting = atomic_load(&callers)) > 0)
        cci_futex_wait(&callers, waiting, AGAIN_MS);
}

/* ---- reading ---- */

static void note(cci_recording_t *r, cc_result_t result)
{
    if (r->status == CC_RESULT_OK)
        r->status = result;
}

static bool take_chunk(void *recording, const cci_chunk_header_t *header, const uint8_t *body,
                       size_t used, bool whole)
{
    cci_recording_t *r = recording;

    note(r, cci_trace_take_live(r->trace, header, body, used, whole));
    return r->status == CC_RESULT_OK;
}

/* What the threads have written by now. */
static void take_all(cci_recording_t *r)
{
    cci_clock_pair_t now;
    bool             exact = r->local->read(take_chunk, r, &now);

    if (r->status != CC_RESULT_OK)
        return;
    note(r, exact ? cci_trace_advance_exactly(r->trace, now) : cci_trace_advance(r->trace, now));
    r->known_ns = exact ? now.mono_ns : now.mono_ns - CCI_FOLLOW_SLACK_NS;
    r->backlog  = true;
}

/* A part that has no memory for an event has no true figures any more; others have. */
static void give(cci_recording_t *r, const cci_event_t *events, size_t n)
{
    for (cci_part_t *p = r->parts; p; p = p->next)
        if (p->status == CC_RESULT_OK)
            p->status = cci_feed_give(p->feed, events, n);
}

/* About so many events. */
static void read_events(cci_recording_t *r, size_t events)
{
    cci_event_t batch[CCI_FEED_BATCH];
    size_t      n = CCI_FEED_BATCH;

    for (size_t done = 0; n == CCI_FEED_BATCH && done < events; done += n) {
        for (n = 0; n < CCI_FEED_BATCH && cci_trace_next(r->trace, &batch[n]);)
            n++;
        give(r, batch, n);
    }
    r->backlog = n == CCI_FEED_BATCH;
    note(r, cci_trace_status(r->trace));
}

static bool can_read(const cci_recording_t *r)
{
    return !r->standing && r->status == CC_RESULT_OK;
}

/* So that figures are of now, if that does not take long. */
static void catch_up(cci_recording_t *r)
{
    if (can_read(r) && r->backlog)
        read_events(r, LOOK);
    if (!can_read(r) || r->backlog)
        return;
    take_all(r);
    if (can_read(r))
        read_events(r, LOOK);
}

/* Everything that happened before this is read, however long it takes. */
static void read_to_now(cci_recording_t *r)
{
    const uint64_t now = cci_clock_ns(CLOCK_MONOTONIC);

    while (can_read(r) && (r->backlog || r->known_ns < now)) {
        if (!r->backlog)
            take_all(r);
        read_events(r, SIZE_MAX);
        if (r->known_ns < now)
            sched_yield(); /* some thread is in the middle of a record */
    }
}

/* ---- the thread that reads ---- */

static bool has_failed(const cci_recording_t *r)
{
    pthread_mutex_lock(&model);
    bool failed = r->status != CC_RESULT_OK;
    pthread_mutex_unlock(&model);
    return failed;
}

static bool read_stretch(cci_recording_t *r)
{
    pthread_mutex_lock(&model);
    if (can_read(r))
        read_events(r, STRETCH);
    bool more = can_read(r) && r->backlog;
    pthread_mutex_unlock(&model);
    return more;
}

static void take_once(cci_recording_t *r)
{
    pthread_mutex_lock(&model);
    if (can_read(r))
        take_all(r);
    pthread_mutex_unlock(&model);
}

static void stop_recording(cci_recording_t *r);

/* What nobody can read any more is not to be recorded: the program would wait for room. */
static void *read_on(void *recording)
{
    cci_recording_t *r = recording;

    (void)cci_part_suspend();
    while (!atomic_load(&r->ending)) {
        if (has_failed(r)) {
            stop_recording(r);
            break;
        }
        let_callers_go_first();
        take_once(r);
        do
            let_callers_go_first();
        while (read_stretch(r) && !atomic_load(&r->ending));
        r->local->wait(PERIOD_MS);
    }
    return NULL;
}

/* ---- what is told of the heap ---- */

static cci_local_event_t event_of(const cci_request_t *q)
{
    static const cci_op_t OPS[] = { [CCI_BLOCK_PLAIN]   = CCI_OP_MALLOC,
                                    [CCI_BLOCK_ZEROED]  = CCI_OP_CALLOC,
                                    [CCI_BLOCK_ALIGNED] = CCI_OP_ALIGNED };
    return (cci_local_event_t){ OPS[q->kind], q->size, q->align, q->frame };
}

/* An observer for each recorder: both calls of a pair go to the same one, whatever began meanwhile. */
#define OBSERVER(name, local)                                                                      \
    static uint64_t name##_allocating(void)                                                        \
    {                                                                                              \
        return (local)->allocating();                                                              \
    }                                                                                              \
    static void name##_allocated(uint64_t began, void *ptr, size_t usable, const cci_request_t *q) \
    {                                                                                              \
        const cci_local_event_t e = event_of(q);                                                   \
        (local)->allocated(began, ptr, usable, &e);                                                \
    }                                                                                              \
    static uint64_t name##_freeing(void *ptr)                                                      \
    {                                                                                              \
        return (local)->freeing(ptr);                                                              \
    }                                                                                              \
    static void name##_freed(uint64_t began)                                                       \
    {                                                                                              \
        (local)->freed(began);                                                                     \
    }                                                                                              \
    static uint64_t name##_resizing(void *old)                                                     \
    {                                                                                              \
        return (local)->resizing(old);                                                             \
    }                                                                                              \
    static void name##_resized(uint64_t began, void *old, void *ptr, size_t usable,                \
                               const cci_request_t *q)                                             \
    {                                                                                              \
        const cci_local_event_t e = event_of(q);                                                   \
        (local)->resized(began, old, ptr, usable, &e);                                             \
    }                                                                                              \
    static const cci_observer_t name = { name##_allocating, name##_allocated, name##_freeing,      \
                                         name##_freed,      name##_resizing,  name##_resized };

OBSERVER(tell_own, &cci_local_own)
OBSERVER(tell_preload, found)

static const cci_observer_t *observer_for(const cci_local_t *local)
{
    return local == &cci_local_own ? &tell_own : &tell_preload;
}

/* While no profiler runs: NULL, nobody is told. */
static const cci_observer_t *usual;

/* ---- life ---- */

static void before_fork(void)
{
    pthread_mutex_lock(&life);
    enter();
}

static void after_fork(void)
{
    leave();
    pthread_mutex_unlock(&life);
}

/* No other thread is there: neither the reader nor those that waited. */
static void after_fork_in_child(void)
{
    atomic_store(&callers, 1);
    if (current)
        current->standing = true;
    current = NULL;
    cci_heap_observe(usual);
    after_fork();
}

static void register_handlers(void)
{
    (void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static void watch_forks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handlers);
}

/* A process that is recorded from the start, by `ccmem profile`: it is to be seen what the program
 * allocates here, and not what the heap fetches. */
__attribute__((constructor)) static void tell_who_records_already(void)
{
    const cci_local_t *local = local_of_process();

    if (local == &cci_local_own || !local->records())
        return;
    usual = &tell_preload;
    watch_forks();
    cci_heap_observe(usual);
}

/* Again is fine. */
static void stop_recording(cci_recording_t *r)
{
    cci_heap_observe(usual);
    r->local->stop();
}

static cc_result_t start_recording(cci_recording_t *r)
{
    cc_result_t result = r->local->start(&r->options);

    if (result != CC_RESULT_OK)
        return result;
    r->start_ns = r->known_ns = r->local->header()->start.mono_ns;
    result                    = cci_trace_follow_live(&r->trace, r->local->header());
    if (result == CC_RESULT_OK && cci_background_start_equal(&r->reader, read_on, r) != 0) {
        cci_trace_close(r->trace);
        result = CC_RESULT_NO_MEMORY;
    }
    if (result != CC_RESULT_OK) {
        r->local->stop();
        return result;
    }
    cci_heap_observe(observer_for(r->local));
    return CC_RESULT_OK;
}

/* The preload library's recorder may be at work for somebody else by now. */
static cc_result_t start_where_possible(cci_recording_t *r)
{
    r->local           = local_of_process();
    cc_result_t result = start_recording(r);

    if (result != CC_RESULT_BUSY || r->local == &cci_local_own)
        return result;
    r->local = &cci_local_own;
    return start_recording(r);
}

/* Under `life`. */
static cc_result_t begin_recording(const cci_local_options_t *needs)
{
    cci_recording_t *r = calloc(1, sizeof *r);

    if (!r)
        return CC_RESULT_NO_MEMORY;
    watch_forks();
    r->options         = *needs;
    r->number          = ++recordings;
    cc_result_t result = start_where_possible(r);
    if (result == CC_RESULT_OK)
        current = r;
    else
        free(r);
    return result;
}

/* Under `life`, of a recording without parts. One that stands still has nobody to end. */
static void end_recording(cci_recording_t *r)
{
    if (!r->standing) {
        current = NULL;
        atomic_store(&r->ending, true);
        r->local->ring();
        pthread_join(r->reader, NULL);
        stop_recording(r);
    }
    cci_trace_close(r->trace);
    free(r);
}

/* ---- parts ---- */

static bool has(const cci_local_options_t *options, const cci_local_options_t *needs)
{
    bool fine =
        options->mode == CCI_MODE_FULL ||
        (needs->mode == CCI_MODE_SAMPLE && options->sample_interval <= needs->sample_interval);
    return fine && options->stacks >= needs->stacks &&
           (options->measure_every > 0) >= (needs->measure_every > 0);
}

/* Of a recording that is on already, from now on. */
static cc_result_t create_late_feed(cci_feed_t **out, cci_recording_t *r, bool sliced)
{
    read_to_now(r);
    const cci_profile_options_t options = { .from_ns = cci_trace_mark_ns(r->trace),
                                            .slices  = sliced };
    cci_feed_t                 *f;
    cc_result_t                 result = cci_feed_create(&f, r->trace, &options);

    if (result != CC_RESULT_OK)
        return result;
    result = cci_feed_begin(f);
    if (result == CC_RESULT_OK)
        *out = f;
    else
        cci_feed_destroy(f);
    return result;
}

static cc_result_t create_feed(cci_feed_t **out, cci_recording_t *r, bool sliced)
{
    if (r->parts || cci_trace_info(r->trace)->events > 0)
        return create_late_feed(out, r, sliced);
    const cci_profile_options_t options = { .slices = sliced };
    return cci_feed_create(out, r->trace, &options);
}

static cc_result_t add_part(cci_part_t *part, cci_recording_t *r)
{
    cc_result_t result = create_feed(&part->feed, r, part->sliced);

    if (result != CC_RESULT_OK)
        return result;
    part->recording  = r;
    part->status     = CC_RESULT_OK;
    part->everything = r->local->everything;
    part->lost       = cci_trace_info(r->trace)->lost_events;
    part->run        = r->number;
    part->next       = r->parts;
    r->parts         = part;
    return CC_RESULT_OK;
}

static void remove_part(cci_part_t *part)
{
    cci_part_t **at = &part->recording->parts;

    while (*at != part)
        at = &(*at)->next;
    *at             = part->next;
    part->next      = NULL;
    part->recording = NULL;
}

static cc_result_t join(cci_part_t *part, const cci_local_options_t *needs)
{
    cc_result_t result = CC_RESULT_OK;
    const bool  begins = !current;

    if (begins)
        result = begin_recording(needs);
    else if (!has(&current->options, needs))
        result = CC_RESULT_BUSY;
    if (result != CC_RESULT_OK)
        return result;
    cci_recording_t *r = current;
    enter();
    result = add_part(part, r);
    leave();
    if (result != CC_RESULT_OK && begins)
        end_recording(r);
    return result;
}

/* Without memory for a copy of what the trace knew there is nothing to show any more. */
static void settle(cci_part_t *part)
{
    cci_recording_t *r      = part->recording;
    cc_result_t      result = cci_trace_freeze(&part->trace, r->trace);

    if (part->status == CC_RESULT_OK)
        part->status = result != CC_RESULT_OK ? result : r->status;
    if (result == CC_RESULT_OK)
        cci_feed_rebase(part->feed, part->trace);
    part->as_of_ns = r->known_ns;
    part->lost     = cci_trace_info(r->trace)->lost_events - part->lost;
}

/* Under `life`. */
static void part_from(cci_part_t *part, cci_recording_t *r)
{
    enter();
    read_to_now(r);
    settle(part);
    remove_part(part);
    bool last = !r->parts;
    leave();
    if (last)
        end_recording(r);
}

static void release(cci_part_t *part)
{
    enter();
    cci_feed_destroy(part->feed);
    cci_trace_close(part->trace);
    *part = (cci_part_t){ .sliced = part->sliced };
    leave();
}

bool cci_part_is_running(const cci_part_t *part)
{
    enter();
    bool runs = part->recording && !part->recording->standing;
    leave();
    return runs;
}

cc_result_t cci_part_join(cci_part_t *part, const cci_local_options_t *needs)
{
    cc_result_t result = CC_RESULT_BUSY;

    pthread_mutex_lock(&life);
    if (!cci_part_is_running(part)) {
        if (part->recording)
            part_from(part, part->recording);
        release(part);
        result = join(part, needs);
    }
    pthread_mutex_unlock(&life);
    return result;
}

void cci_part_leave(cci_part_t *part)
{
    pthread_mutex_lock(&life);
    if (part->recording)
        part_from(part, part->recording);
    pthread_mutex_unlock(&life);
}

void cci_part_fini(cci_part_t *part)
{
    cci_part_leave(part);
    release(part);
}

/* Under `model`, of a part in a recording. */
static cc_result_t begin_again(cci_part_t *part)
{
    cci_feed_t *feed;
    cc_result_t result = create_feed(&feed, part->recording, part->sliced);

    if (result != CC_RESULT_OK)
        return result;
    cci_feed_destroy(part->feed);
    part->feed   = feed;
    part->status = CC_RESULT_OK;
    part->lost   = cci_trace_info(part->recording->trace)->lost_events;
    return CC_RESULT_OK;
}

cc_result_t cci_part_reset(cci_part_t *part)
{
    cc_result_t result = CC_RESULT_OK;

    pthread_mutex_lock(&life);
    if (cci_part_is_running(part)) {
        enter();
        result = begin_again(part);
        leave();
    } else {
        if (part->recording)
            part_from(part, part->recording);
        release(part);
    }
    pthread_mutex_unlock(&life);
    return result;
}

cc_result_t cci_part_slice(cci_part_t *part)
{
    enter();
    cc_result_t result = part->feed ? cci_feed_slice(part->feed) : CC_RESULT_OK;
    if (result == CC_RESULT_OK)
        part->sliced = true;
    leave();
    return result;
}

void cci_part_unslice(cci_part_t *part)
{
    enter();
    part->sliced = false;
    if (part->feed)
        cci_feed_unslice(part->feed);
    leave();
}

/* ---- looking ---- */

/* Of a recording that is behind the program, what was read is of this time. */
static uint64_t read_up_to(const cci_recording_t *r)
{
    return r->backlog ? r->start_ns + cci_trace_given_ns(r->trace) : r->known_ns;
}

static cci_part_view_t view_of(const cci_part_t *part)
{
    const cci_recording_t *r = part->recording;

    if (!r)
        return (cci_part_view_t){ part->trace, NULL,       part->as_of_ns,
                                  part->run,   part->lost, part->everything };
    return (cci_part_view_t){ .trace      = r->trace,
                              .as_of_ns   = read_up_to(r),
                              .run        = part->run,
                              .lost       = cci_trace_info(r->trace)->lost_events - part->lost,
                              .everything = part->everything };
}

static cc_result_t status_of(const cci_part_t *part)
{
    if (!part->feed)
        return CC_RESULT_NOT_FOUND;
    if (part->status != CC_RESULT_OK || !part->recording)
        return part->status;
    return part->recording->status;
}

cc_result_t cci_part_look(cci_part_t *part, bool whole, cci_part_use_t *use, void *context)
{
    enter();
    if (part->recording)
        catch_up(part->recording);
    cci_part_view_t view;
    cc_result_t     result = status_of(part);
    if (result == CC_RESULT_OK) {
        view   = view_of(part);
        result = cci_feed_snapshot(part->feed, whole, &view.profile);
    }
    if (result == CC_RESULT_OK)
        result = use(context, &view);
    leave();
    return result;
}

static cc_result_t freeze(void *moment, const cci_part_view_t *view)
{
    cci_moment_t *m      = moment;
    cc_result_t   result = cci_trace_freeze(&m->trace, view->trace);

    if (result != CC_RESULT_OK) {
        cci_profile_destroy(view->profile);
        return result;
    }
    m->profile  = view->profile;
    m->as_of_ns = view->as_of_ns;
    m->run      = view->run;
    return CC_RESULT_OK;
}

cc_result_t cci_part_moment(cci_part_t *part, bool whole, cci_moment_t *out)
{
    cci_moment_t m     = { 0 };
    uint64_t     begun = cci_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    cc_result_t  r     = cci_part_look(part, whole, freeze, &m);

    if (r != CC_RESULT_OK)
        return r;
    m.work_ns = cci_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    *out      = m;
    return CC_RESULT_OK;
}
