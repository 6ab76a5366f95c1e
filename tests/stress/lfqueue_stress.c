/* SPDX-License-Identifier: MIT */
/* Threads that push and pop as fast as they can: whatever each of them saw is what one queue would have
 * shown, one call after the other. Segments are freed as early as they can be, and whoever reads one that
 * was freed ends the test. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "lockfree/lfqueue_segment.h"
#include "support/alarms.h"
#include "support/history.h"
#include "support/lfqueue_either.h"

static const char *part = "";

#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

enum {
    THREADS_MAX   = 8,
    BATCH         = 2,
    HISTORIES     = CCMEM_INSTRUMENTED ? 100 : 1500,
    SHORT_EACH    = 4,
    LONG_EACH     = CCMEM_INSTRUMENTED ? 2000 : 30000,
    CAPACITY      = 4,
    LONG_ROOM     = 64,
    WAITED_FOR    = CCMEM_INSTRUMENTED ? 1000 : 10000,
    LARGE_BATCH   = 500,
    BATCHED       = CCMEM_INSTRUMENTED ? 10000 : 200000, /* a multiple of it */
    SEGMENTS_EACH = CCMEM_INSTRUMENTED ? 200 : 2000,
    STORM         = CCMEM_INSTRUMENTED ? 10 : 60
};

/* ---- the queue that is tried ---- */

static cc_smr_t *eager;

/* capacity 0: the unbounded one. */
static void make(const char *name, size_t capacity)
{
    cc_lfqueue_options_t options = CC_LFQUEUE_OPTIONS_DEFAULT;

    part        = name;
    options.smr = eager;
    it.queue    = capacity ? NULL : cc_lfqueue_create(&options);
    it.bounded  = capacity ? cc_lfqueue_bounded_create(capacity) : NULL;
    CHECK(it.queue || it.bounded);
}

static void unmake(void)
{
    cc_lfqueue_destroy(it.queue);
    cc_lfqueue_bounded_destroy(it.bounded);
}

/* ---- operations that are noted ---- */

typedef struct actor {
    pthread_t  thread;
    unsigned   number;
    history_t *history;
    uint64_t   random;
    uintptr_t  last; /* the word that it pushed last: no other thread has the same */
} actor_t;

static void join(const actor_t *a, unsigned n)
{
    for (unsigned t = 0; t < n; t++)
        CHECK(pthread_join(a[t].thread, NULL) == 0);
}

static uintptr_t next_word(actor_t *a)
{
    return a->last += THREADS_MAX;
}

static void note_push(actor_t *a)
{
    const uint64_t  began = history_begin(a->history);
    const uintptr_t word  = next_word(a);

    if (push(word))
        history_end(a->history, a->number, began, 0, HISTORY_ANY, word);
}

static void note_push_many(actor_t *a)
{
    uintptr_t      words[BATCH];
    const uint64_t began = history_begin(a->history);

    for (int i = 0; i < BATCH; i++)
        words[i] = next_word(a);
    const size_t n = push_many(words, BATCH);
    for (size_t i = 0; i < n; i++)
        history_end(a->history, a->number, began, 0, HISTORY_ANY, words[i]);
}

static void note_pop(actor_t *a)
{
    uintptr_t      word;
    const uint64_t began  = history_begin(a->history);
    const bool     is_one = pop(&word);

    history_end(a->history, a->number, began, 0, is_one ? word : HISTORY_ABSENT, HISTORY_ABSENT);
}

static void note_pop_many(actor_t *a)
{
    uintptr_t      words[BATCH];
    const uint64_t began = history_begin(a->history);
    const size_t   n     = pop_many(words, BATCH);

    for (size_t i = 0; i < n; i++)
        history_end(a->history, a->number, began, 0, words[i], HISTORY_ABSENT);
    if (n == 0)
        history_end(a->history, a->number, began, 0, HISTORY_ABSENT, HISTORY_ABSENT);
}

static void expect_legal(const history_t *h, history_verdict_t verdict)
{
    if (verdict != HISTORY_LEGAL)
        fprintf(stderr, "%s\n", history_why(h));
    CHECK(verdict == HISTORY_LEGAL);
}

/* ---- short histories, every order of them ---- */

enum { SHORT_THREADS = 3 };

static pthread_barrier_t all_ready, all_done;

static void act_shortly(actor_t *a)
{
    static void (*const acts[])(actor_t *) = { note_push, note_pop,       note_push,
                                               note_pop,  note_push_many, note_pop_many };

    for (int i = 0; i < SHORT_EACH; i++)
        acts[cci_random_next(&a->random) % (sizeof acts / sizeof *acts)](a);
}

static void *act_in_turns(void *arg)
{
    for (int i = 0; i < HISTORIES; i++) {
        pthread_barrier_wait(&all_ready);
        act_shortly(arg);
        pthread_barrier_wait(&all_done);
    }
    return NULL;
}

static void drain(void)
{
    uintptr_t word;

    while (pop(&word)) {
    }
}

/* An unbounded queue shortly before the end of a segment, by turns. */
static void come_near_the_end(int round)
{
    static uintptr_t words[CCI_SEGMENT_SLOTS];

    drain();
    if (!it.queue || round % 2)
        return;
    CHECK(push_many(words, (size_t)(CCI_SEGMENT_SLOTS - round % 16)) > 0);
    drain();
}

static void run_short(const char *name, size_t capacity)
{
    actor_t a[SHORT_THREADS];

    make(name, capacity);
    for (unsigned t = 0; t < SHORT_THREADS; t++) {
        a[t] = (actor_t){ .number = t, .random = cci_random_seed(t), .last = t };
        CHECK(pthread_create(&a[t].thread, NULL, act_in_turns, &a[t]) == 0);
    }
    for (int i = 0; i < HISTORIES; i++) {
        history_t *h = history_create(SHORT_THREADS, SHORT_EACH * BATCH);
        for (unsigned t = 0; t < SHORT_THREADS; t++)
            a[t].history = h;
        come_near_the_end(i);
        pthread_barrier_wait(&all_ready);
        pthread_barrier_wait(&all_done);
        expect_legal(h, history_check_queue(h));
        history_destroy(h);
    }
    join(a, SHORT_THREADS);
    unmake();
}

/* ---- long ones ---- */

enum { LONG_THREADS = 4 };

/* Producers are even, consumers odd, but now and then it is the other way round. */
static void *act_long(void *arg)
{
    actor_t *a = arg;

    for (int i = 0; i < LONG_EACH; i++) {
        const uint64_t r = cci_random_next(&a->random);
        if ((a->number + (r % 16 == 0)) % 2 == 0)
            (r % 5 ? note_push : note_push_many)(a);
        else
            (r % 5 ? note_pop : note_pop_many)(a);
    }
    return NULL;
}

static void run_long(const char *name, size_t capacity)
{
    actor_t    a[LONG_THREADS];
    history_t *h = history_create(LONG_THREADS + 1, 2 * LONG_EACH * BATCH);

    make(name, capacity);
    for (unsigned t = 0; t < LONG_THREADS; t++) {
        a[t] = (actor_t){ .number = t, .history = h, .random = cci_random_seed(t), .last = t };
        CHECK(pthread_create(&a[t].thread, NULL, act_long, &a[t]) == 0);
    }
    join(a, LONG_THREADS);

    actor_t   last = { .number = LONG_THREADS, .history = h };
    uintptr_t word;
    uint64_t  began;
    while (began = history_begin(h), pop(&word))
        history_end(h, last.number, began, 0, word, HISTORY_ABSENT);
    note_pop(&last);
    expect_legal(h, history_check_queue_values(h));
    history_destroy(h);
    unmake();
}

/* ---- threads that sleep ---- */

enum { PRODUCERS = 2, CONSUMERS = 3 };

typedef struct sleeper {
    pthread_t thread;
    unsigned  number;
    size_t    got;
    uintptr_t last[PRODUCERS];
} sleeper_t;

/* Word i of producer p is i * PRODUCERS + p. Now and then it lets the consumers fall asleep. */
static void *produce_words(void *arg)
{
    const sleeper_t *s = arg;

    for (uintptr_t i = 1; i <= WAITED_FOR; i++) {
        CHECK(push_waiting(i * PRODUCERS + s->number) == CC_RESULT_OK);
        for (int turn = 0; i % 64 == 0 && turn < 20; turn++)
            sched_yield();
    }
    return NULL;
}

static void note_word(sleeper_t *s, uintptr_t word)
{
    CHECK(s->last[word % PRODUCERS] < word);
    s->last[word % PRODUCERS] = word;
    s->got++;
}

/* One word, and what else there is. */
static void *consume(void *arg)
{
    sleeper_t  *s = arg;
    uintptr_t   word, more[LONG_ROOM];
    cc_result_t r;

    while ((r = pop_waiting(&word)) == CC_RESULT_OK) {
        note_word(s, word);
        for (size_t i = 0, n = pop_many(more, LONG_ROOM); i < n; i++)
            note_word(s, more[i]);
    }
    CHECK(r == CC_RESULT_STALE);
    return NULL;
}

static void begin(sleeper_t *s, unsigned n, void *(*what)(void *))
{
    for (unsigned i = 0; i < n; i++) {
        s[i] = (sleeper_t){ .number = i };
        CHECK(pthread_create(&s[i].thread, NULL, what, &s[i]) == 0);
    }
}

static size_t end(const sleeper_t *s, unsigned n)
{
    size_t got = 0;

    for (unsigned i = 0; i < n; i++) {
        CHECK(pthread_join(s[i].thread, NULL) == 0);
        got += s[i].got;
    }
    return got;
}

static void run_sleeping(const char *name, size_t capacity, void *(*produce)(void *), size_t words)
{
    sleeper_t consumers[CONSUMERS], producers[PRODUCERS];

    make(name, capacity);
    begin(consumers, CONSUMERS, consume);
    begin(producers, PRODUCERS, produce);
    end(producers, PRODUCERS);
    close_it();
    CHECK(end(consumers, CONSUMERS) == PRODUCERS * words);
    unmake();
}

/* ---- closed while others push; threads that come and go ---- */

/* What was pushed comes out, and after the first refusal nothing is taken any more. */
static void *push_until_refused(void *arg)
{
    sleeper_t *s = arg;

    while (push_waiting(s->number) == CC_RESULT_OK)
        s->got++;
    for (int i = 0; i < 3; i++)
        CHECK(push_waiting(s->number) == CC_RESULT_STALE);
    return NULL;
}

static void *count(void *arg)
{
    sleeper_t *s = arg;
    uintptr_t  word;

    while (pop_waiting(&word) == CC_RESULT_OK)
        s->got++;
    CHECK(!pop(&word));
    return NULL;
}

static void run_closed(const char *name, size_t capacity)
{
    sleeper_t consumers[CONSUMERS], producers[PRODUCERS];

    for (int i = 0; i < STORM; i++) {
        make(name, capacity);
        begin(consumers, CONSUMERS, count);
        begin(producers, PRODUCERS, push_until_refused);
        for (int turn = 0; turn < i % 8; turn++)
            sched_yield();
        close_it();
        const size_t pushed = end(producers, PRODUCERS);
        CHECK(end(consumers, CONSUMERS) == pushed);
        unmake();
    }
}

/* Producers that put whole segments in, so that they meet where the next one is linked. */
static void *push_segments(void *arg)
{
    static const uintptr_t words[CCI_SEGMENT_SLOTS];

    (void)arg;
    for (int i = 0; i < SEGMENTS_EACH; i++)
        CHECK(push_many(words, CCI_SEGMENT_SLOTS) == CCI_SEGMENT_SLOTS);
    return NULL;
}

static void run_appending(void)
{
    sleeper_t producers[PRODUCERS];
    size_t    n = 0;
    uintptr_t word;

    make("appending", 0);
    begin(producers, PRODUCERS, push_segments);
    end(producers, PRODUCERS);
    while (pop(&word))
        n++;
    CHECK(n == (size_t)PRODUCERS * SEGMENTS_EACH * CCI_SEGMENT_SLOTS);
    unmake();
}

/* Batches of many words, so that who puts them is often stopped within one. */
static void *produce_batches(void *arg)
{
    const sleeper_t *s = arg;
    uintptr_t        words[LARGE_BATCH];

    for (uintptr_t done = 0; done < BATCHED; done += LARGE_BATCH) {
        for (uintptr_t i = 0; i < LARGE_BATCH; i++)
            words[i] = (done + i + 1) * PRODUCERS + s->number;
        for (size_t n = 0; n < LARGE_BATCH; sched_yield())
            n += push_many(words + n, LARGE_BATCH - n);
    }
    return NULL;
}

static void run_all(void)
{
    alarms(true);
    run_short("short", 0);
    run_short("short, bounded", CAPACITY);
    run_long("long", 0);
    run_long("long, bounded", LONG_ROOM);
    run_sleeping("batches", 0, produce_batches, BATCHED);
    run_sleeping("batches, bounded", LONG_ROOM, produce_batches, BATCHED);
    alarms(false); /* a signal wakes who sleeps, even one that nobody would */
    run_sleeping("sleeping", 0, produce_words, WAITED_FOR);
    run_sleeping("sleeping, bounded", CAPACITY, produce_words, WAITED_FOR);
    run_closed("closed", 0);
    run_closed("closed, bounded", CAPACITY);
}

static uint64_t live_bytes(void)
{
    return cc_alloc_stats_snapshot().current_allocated;
}

/* Each queue has a domain of its own: all that it had is back when it is gone. */
static void run_alone(void)
{
    const uint64_t before = live_bytes();

    run_long("long, alone", 0);
    CHECK(live_bytes() == before);
    run_appending();
    CHECK(live_bytes() == before);
}

/* One domain for all, which frees as early as it can. */
static void run_eagerly(void)
{
    cc_smr_options_t options = CC_SMR_OPTIONS_DEFAULT;

    options.era_step = options.scan_step = 1;
    setenv("CCMEM_SMR_CHECK", "1", 1);
    eager = cc_smr_create(&options);
    CHECK(eager);
    run_all();
    cc_smr_destroy(eager);
}

static void *run_both(void *unused)
{
    (void)unused;
    alarms_mask(SIG_UNBLOCK);
    run_alone();
    run_eagerly();
    return NULL;
}

int main(void)
{
    pthread_t all;

    cc_alloc_stats_enable(true);
    CHECK(pthread_barrier_init(&all_ready, NULL, SHORT_THREADS + 1) == 0);
    CHECK(pthread_barrier_init(&all_done, NULL, SHORT_THREADS + 1) == 0);
    alarms_for_others();
    CHECK(pthread_create(&all, NULL, run_both, NULL) == 0);
    CHECK(pthread_join(all, NULL) == 0);
    return 0;
}
