/* SPDX-License-Identifier: MIT */
/* queue.c - words from producers to consumers: millions a second.
 *
 * The same for everyone: each producer pushes its part of a fixed number of words, as fast as it can,
 * and each consumer polls until it finds none and no producer is left. Who finds the queue full or empty
 * looks again at once, and lets others run after a thousand times. A consumer checks that the words of
 * a producer come in order; at the end their sum is that of all.
 *
 * In the case alone one thread pushes a word and pops one, with 64 of them in the queue.
 */
#include "queues.h"

#include <ccphase.h>
#include <team.h>

enum { SIDE_MAX = 2, IN_QUEUE = 64, TURNS = 3 };

/* A producer's number above its count, which begins with 1. */
#define WORD(producer, count) ((uint64_t)(producer) << 32 | (count))

/* Who works says itself from when to when: the thread that waits for the end may be late for the
 * beginning. */
struct worker {
    unsigned number;
    uint64_t begin, end;
    uint64_t sum; /* of the words that were taken */
} __attribute__((aligned(128)));

static struct worker     producers[SIDE_MAX], consumers[SIDE_MAX];
static pthread_barrier_t together;
static unsigned          sides;
static uint64_t          part;      /* of a producer */
static unsigned          producing; /* release with the last word, acquire before one more look */

static void push(uint64_t word, unsigned *spins)
{
    while (!queue_push(word))
        team_wait(spins);
}

static void begin_work(struct worker *w)
{
    pthread_barrier_wait(&together);
    w->begin = ccbench_now_ns();
    queue_thread_begin();
}

static void end_work(struct worker *w)
{
    w->end = ccbench_now_ns();
    queue_thread_end();
}

static void *produce(void *arg)
{
    struct worker *mine  = (struct worker *)arg;
    unsigned       spins = 0;

    begin_work(mine);
    for (uint64_t i = 1; i <= part; i++)
        push(WORD(mine->number, i), &spins);
    __atomic_fetch_sub(&producing, 1, __ATOMIC_RELEASE);
    end_work(mine);
    return NULL;
}

static void take(struct worker *mine, uint64_t word, uint64_t *last)
{
    uint64_t *before = &last[word >> 32];

    if (word <= *before)
        ccbench_fail("queue", "words came out of order");
    *before = word;
    mine->sum += word;
}

static void *consume(void *arg)
{
    struct worker *mine           = (struct worker *)arg;
    uint64_t       last[SIDE_MAX] = { 0 }, word;
    unsigned       spins          = 0;

    begin_work(mine);
    for (bool is_last = false;;) {
        if (queue_pop(&word))
            take(mine, word, last);
        else if (is_last)
            break;
        else if (!__atomic_load_n(&producing, __ATOMIC_ACQUIRE))
            is_last = true;
        else
            team_wait(&spins);
    }
    end_work(mine);
    return NULL;
}

static uint64_t sum_of_all(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < sides; i++)
        sum += part * WORD(i, 0) + part * (part + 1) / 2;
    return sum;
}

static void start(pthread_t *thread, void *(*run)(void *), struct worker *w, unsigned number)
{
    *w        = (struct worker){ 0, 0, 0, 0 };
    w->number = number;
    if (pthread_create(thread, NULL, run, w))
        ccbench_fail("queue", "no thread to be had");
}

static void expect_all(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < sides; i++)
        sum += consumers[i].sum;
    if (sum != sum_of_all())
        ccbench_fail("queue", "words were lost");
}

/* From when the first began to when the last was done. */
static uint64_t time_of_all(void)
{
    uint64_t begin = UINT64_MAX, end = 0;

    for (unsigned i = 0; i < sides; i++) {
        const struct worker *both[] = { &producers[i], &consumers[i] };
        for (unsigned k = 0; k < 2; k++) {
            begin = both[k]->begin < begin ? both[k]->begin : begin;
            end   = both[k]->end > end ? both[k]->end : end;
        }
    }
    return end - begin;
}

/* Nanoseconds for all words. */
static uint64_t transfer(void)
{
    pthread_t threads[2 * SIDE_MAX];

    producing = sides;
    pthread_barrier_init(&together, NULL, 2 * sides);
    for (unsigned i = 0; i < sides; i++) {
        start(&threads[2 * i], produce, &producers[i], i);
        start(&threads[2 * i + 1], consume, &consumers[i], i);
    }
    for (unsigned i = 0; i < 2 * sides; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    expect_all();
    return time_of_all();
}

/* The first turn is not counted: the memory is new. */
static void run(unsigned on_each_side, uint64_t words)
{
    uint64_t ns = 0;

    queue_begin();
    sides = on_each_side;
    part  = words / sides;
    transfer();
    for (unsigned i = 0; i < TURNS; i++)
        ns += transfer();
    ccphase_say("speed", (double)(TURNS * sides * part) * 1e3 / (double)ns);
}

static void run_alone(uint64_t words)
{
    unsigned spins = 0;
    uint64_t word;

    queue_begin();
    queue_thread_begin();
    for (uint64_t i = 1; i <= IN_QUEUE; i++)
        push(i, &spins);
    uint64_t begin = ccbench_now_ns();
    for (uint64_t i = 1; i <= words; i++) {
        push(IN_QUEUE + i, &spins);
        if (!queue_pop(&word) || word != i)
            ccbench_fail("queue", "a word was lost");
    }
    uint64_t end = ccbench_now_ns();
    queue_thread_end();
    ccphase_say("speed", (double)words * 1e3 / (double)(end - begin));
}

enum { WORDS = 1 << 20, QUICK_WORDS = 1 << 14 };

static void alone(void)
{
    run_alone(TURNS * WORDS);
}

static void one(void)
{
    run(1, WORDS);
}

static void two(void)
{
    run(2, WORDS);
}

static void alone_quick(void)
{
    run_alone(QUICK_WORDS);
}

static void one_quick(void)
{
    run(1, QUICK_WORDS);
}

static void two_quick(void)
{
    run(2, QUICK_WORDS);
}

static const ccphase_case_t cases[] = {
    { "alone", "one thread", alone },
    { "1p1c", "a producer, a consumer", one },
    { "2p2c", "two producers, two consumers", two },
    { "alone-quick", "the same, few words", alone_quick },
    { "1p1c-quick", "the same, few words", one_quick },
    { "2p2c-quick", "the same, few words", two_quick },
};

int main(int argc, char **argv)
{
    return ccphase_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
