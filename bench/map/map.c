/* SPDX-License-Identifier: MIT */
/* map.c - an ordered map that threads read and change: millions of operations a second, of all threads
 * together.
 *
 * Keys are uniform and every other one is there at the beginning, put in at random. Puts and removes
 * are as many, so it stays so. A process makes one map and measures one mix after another in it, alone
 * and with a second thread. At the end each key is there or not as often as it was put and removed.
 *
 *   mixed      50 % get, 25 % put if absent, 25 % remove
 *   reads      90 % get,  5 % put if absent,  5 % remove
 *   replacing  50 % get, 25 % put, whether it was there or not, 25 % remove
 */
#include "maps.h"

#include <pthread.h>

#include <ccphase.h>
#include <random.h>

enum { THREADS_MAX = 2, STRIDE = 64, SEED = 20, VALUE_STEP = THREADS_MAX + 1 };

struct mix {
    const char *name;
    unsigned    threads;
    uint32_t    gets; /* in a hundred */
    bool        replaces;
};

static const struct mix mixes[] = {
    { "mixed-1", 1, 50, false }, { "mixed-2", 2, 50, false },    { "reads-1", 1, 90, false },
    { "reads-2", 2, 90, false }, { "replacing-1", 1, 50, true }, { "replacing-2", 2, 50, true },
};

enum { MIXES = sizeof mixes / sizeof mixes[0] };

static uint32_t key_count;

struct worker {
    const struct mix *mix;
    uint64_t          random, ops, begin, end;
    uint64_t          value; /* of the last put; no other put has it, of any time */
    int64_t           added; /* entries: put less removed */
} __attribute__((aligned(128)));

static pthread_barrier_t together;
static int               is_over; /* relaxed: nothing is handed over by it */

/* A put that replaces says nothing of what was there, so entries are counted when it is all over. */
static inline void operate(struct worker *w)
{
    uint32_t key  = random_below(&w->random, key_count);
    uint32_t what = random_below(&w->random, 200);

    if (what < 2 * w->mix->gets)
        ccbench_use(map_get(key));
    else if (what & 1)
        w->added -= map_remove(key);
    else if (w->mix->replaces)
        map_put(key, w->value += VALUE_STEP);
    else
        w->added += map_put_if_absent(key, w->value += VALUE_STEP);
}

static void *work(void *arg)
{
    struct worker *w = (struct worker *)arg;

    pthread_barrier_wait(&together);
    w->begin = ccbench_now_ns();
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        for (unsigned i = 0; i < STRIDE; i++)
            operate(w);
        w->ops += STRIDE;
    }
    w->end = ccbench_now_ns();
    return NULL;
}

static void sleep_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    while (nanosleep(&t, &t))
        ;
}

static int64_t count_entries(void)
{
    int64_t n = 0;

    for (uint32_t key = 0; key < key_count; key++)
        n += map_get(key);
    return n;
}

static void start(pthread_t *thread, struct worker *w, const struct mix *mix, unsigned number)
{
    uint64_t value = w->value;

    *w        = (struct worker){ mix, 0, 0, 0, 0, 0, 0 };
    w->random = SEED + number;
    w->value  = value ? value : number;
    if (pthread_create(thread, NULL, work, w))
        ccbench_fail("map", "no thread to be had");
}

/* Millions of operations a second, from when the first began to when the last was done: this thread
 * may be late for either. */
static double speed_of(const struct worker *workers, unsigned count)
{
    uint64_t begin = UINT64_MAX, end = 0, ops = 0;

    for (unsigned i = 0; i < count; i++) {
        begin = workers[i].begin < begin ? workers[i].begin : begin;
        end   = workers[i].end > end ? workers[i].end : end;
        ops += workers[i].ops;
    }
    return (double)ops * 1e3 / (double)(end - begin);
}

static double measure(const struct mix *mix, unsigned ms, int64_t *entries)
{
    static struct worker workers[THREADS_MAX];
    pthread_t            threads[THREADS_MAX];

    is_over = 0;
    pthread_barrier_init(&together, NULL, mix->threads + 1);
    for (unsigned i = 0; i < mix->threads; i++)
        start(&threads[i], &workers[i], mix, i);
    pthread_barrier_wait(&together);
    sleep_ms(ms);
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < mix->threads; i++) {
        pthread_join(threads[i], NULL);
        *entries += workers[i].added;
    }
    pthread_barrier_destroy(&together);
    return speed_of(workers, mix->threads);
}

/* Half of the keys, those that come first when all are shuffled. */
static void fill(void)
{
    uint64_t  random = SEED;
    uint32_t *order  = (uint32_t *)malloc(key_count * sizeof *order);

    if (!order)
        ccbench_fail("map", "no memory");
    for (uint32_t i = 0; i < key_count; i++)
        order[i] = i;
    for (uint32_t i = key_count; i > 1; i--) {
        uint32_t j = random_below(&random, i), last = order[i - 1];
        order[i - 1] = order[j];
        order[j]     = last;
    }
    for (uint32_t i = 0; i < key_count / 2; i++)
        map_put_if_absent(order[i], (uint64_t)i * VALUE_STEP + THREADS_MAX);
    free(order);
}

static void run(uint32_t count, unsigned ms)
{
    int64_t entries = count / 2;

    key_count = count;
    map_begin(count);
    fill();
    for (unsigned i = 0; i < MIXES; i++) {
        double  speed = measure(&mixes[i], ms, &entries);
        int64_t found = count_entries();
        if (!mixes[i].replaces && found != map_count(entries))
            ccbench_fail("map", "entries were lost");
        entries = found;
        ccphase_say(mixes[i].name, speed);
    }
}

static void run_10k(void)
{
    run(10000, 200);
}

static void run_1m(void)
{
    run(1000000, 200);
}

static void run_10k_quick(void)
{
    run(10000, 10);
}

static void run_1m_quick(void)
{
    run(50000, 10);
}

static const ccphase_case_t cases[] = {
    { "10k", "10,000 keys", run_10k },
    { "1m", "1,000,000 keys", run_1m },
    { "10k-quick", "10,000 keys for a moment", run_10k_quick },
    { "1m-quick", "50,000 keys for a moment", run_1m_quick },
};

int main(int argc, char **argv)
{
    return ccphase_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
