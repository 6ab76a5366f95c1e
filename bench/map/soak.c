/* SPDX-License-Identifier: MIT */
/* soak.c - an ordered map under all its operations at once, and a history that some order of them must
 * explain.
 *
 *   soak-MAP AMOUNT [SEED]    AMOUNT: operations ("1000000"), or seconds ("60s")
 *
 * In each round a new map is read and changed by two to four threads that begin and end in it; few keys
 * or many, under IBR or EBR, nodes freed as usual, or at once and looked at. Every other key is there
 * from the beginning and stays: whoever walks through the map must meet it once. What was done to the
 * others is noted, and must be a history of a map (tests/support/history.h). In the end the map has
 * destroyed each entry that it was given once, and nothing is left of it.
 *
 * Exit status: 0 no difference, 1 a difference, 2 wrong usage, 4 the system refused.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ccmem/alloc.h>
#include <random.h>
#include <support/history.h>

#if defined(CONTESTANT_bst)
#include <ccmem/bst.h>
#define CC(name)  cc_bst_##name
#define PUT_IT    CC_BST_PUT
#define KEEP_IT   CC_BST_KEEP
#define REMOVE_IT CC_BST_REMOVE
#else
#include <ccmem/skipmap.h>
#define CC(name)  cc_skipmap_##name
#define PUT_IT    CC_SKIPMAP_PUT
#define KEEP_IT   CC_SKIPMAP_KEEP
#define REMOVE_IT CC_SKIPMAP_REMOVE
#endif

typedef CC(t) map_t;
typedef CC(entry_t) entry_t;
typedef CC(verdict_t) verdict_t;

enum { THREADS = 4, EACH = 1 << 15, WALK_STEP = 512, KEYS_MAX = 4096 };

struct worker {
    pthread_t thread;
    unsigned  self;
    uint64_t  random, last_value, given; /* entries that the map took over */
};

static uint64_t         seed = 1, rounds, total_ops;
static map_t           *map;
static history_t       *history;
static uint32_t         key_count; /* that change; as many stay */
static _Atomic uint64_t destroyed; /* relaxed: read when no thread is left */
static struct worker    worker[THREADS];

static void __attribute__((format(printf, 1, 2), noreturn)) differ(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "\nsoak: round %" PRIu64 ", seed %" PRIu64 ": ", rounds, seed);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static void __attribute__((noreturn)) refused(const char *what)
{
    fprintf(stderr, "soak: the system refuses %s\n", what);
    exit(4);
}

/* Whether it was done; anything else than the other answer is no memory. */
static bool is_done(cc_result_t result, cc_result_t otherwise)
{
    if (result != CC_RESULT_OK && result != otherwise)
        refused("memory");
    return result == CC_RESULT_OK;
}

/* Those that stay are odd, and are their own values. */
static uintptr_t key_of(uint32_t i)
{
    return 2 * (uintptr_t)i;
}

static void destroy_entry(uintptr_t key, uintptr_t value, void *context)
{
    (void)key;
    (void)value;
    (void)context;
    atomic_fetch_add_explicit(&destroyed, 1, memory_order_relaxed);
}

/* ---- operations, each with what it found and what it left ---- */

struct effect {
    uint64_t found, left;
};

static uintptr_t new_value(struct worker *w)
{
    return (uintptr_t)(++w->last_value << 3 | w->self);
}

static struct effect do_get(struct worker *w, uintptr_t key)
{
    uintptr_t value;

    (void)w;
    bool is = is_done(CC(get)(map, key, &value), CC_RESULT_NOT_FOUND);
    return (struct effect){ is ? value : HISTORY_ABSENT, HISTORY_SAME };
}

static struct effect do_contains(struct worker *w, uintptr_t key)
{
    bool is;

    (void)w;
    is_done(CC(contains)(map, key, &is), CC_RESULT_OK);
    return (struct effect){ is ? HISTORY_PRESENT : HISTORY_ABSENT, HISTORY_SAME };
}

static struct effect do_put(struct worker *w, uintptr_t key)
{
    uintptr_t value = new_value(w);

    w->given += is_done(CC(put)(map, key, value), CC_RESULT_OK);
    return (struct effect){ HISTORY_ANY, value };
}

static struct effect do_put_if_absent(struct worker *w, uintptr_t key)
{
    uintptr_t value = new_value(w);

    if (!is_done(CC(put_if_absent)(map, key, value), CC_RESULT_EXISTS))
        return (struct effect){ HISTORY_PRESENT, HISTORY_SAME };
    w->given++;
    return (struct effect){ HISTORY_ABSENT, value };
}

static struct effect do_replace(struct worker *w, uintptr_t key)
{
    uintptr_t value = new_value(w), old;

    if (!is_done(CC(replace)(map, key, value, &old), CC_RESULT_NOT_FOUND))
        return (struct effect){ HISTORY_ABSENT, HISTORY_SAME };
    w->given++;
    return (struct effect){ old, value };
}

static struct effect do_remove(struct worker *w, uintptr_t key)
{
    uintptr_t old;

    (void)w;
    bool is = is_done(CC(remove)(map, key, &old), CC_RESULT_NOT_FOUND);
    return (struct effect){ is ? old : HISTORY_ABSENT, HISTORY_ABSENT };
}

struct computation {
    verdict_t     verdict;
    uintptr_t     value;
    struct effect effect; /* of the last time that was asked */
};

static verdict_t compute(uintptr_t key, const uintptr_t *value, uintptr_t *put, void *context)
{
    struct computation *c = context;

    (void)key;
    c->effect.found = value ? *value : HISTORY_ABSENT;
    c->effect.left  = c->verdict == PUT_IT    ? c->value
                      : c->verdict == KEEP_IT ? HISTORY_SAME
                                              : HISTORY_ABSENT;
    if (c->verdict == PUT_IT)
        *put = c->value;
    return c->verdict;
}

static struct effect do_compute(struct worker *w, uintptr_t key)
{
    static const verdict_t verdicts[] = { KEEP_IT, PUT_IT, REMOVE_IT };
    struct computation     c          = { .verdict = verdicts[random_below(&w->random, 3)],
                                          .value   = new_value(w) };

    is_done(CC(compute)(map, key, compute, &c), CC_RESULT_OK);
    w->given += c.verdict == PUT_IT;
    return c.effect;
}

typedef struct effect operation_fn(struct worker *w, uintptr_t key);

static operation_fn *const operations[] = { do_get,    do_get,           do_contains,
                                            do_put,    do_put_if_absent, do_replace,
                                            do_remove, do_remove,        do_compute };

/* ---- walks ---- */

/* Keys ascend, and those that stay are all met. */
static void walk(void)
{
    CC(iter_t) iter;
    entry_t   e;
    uintptr_t before = 0;
    uint32_t  met    = 0;
    bool      begun  = false;

    CC(iter_init)(&iter, map, NULL, NULL);
    while (is_done(CC(iter_next)(&iter, &e), CC_RESULT_NOT_FOUND)) {
        if (begun && e.key <= before)
            differ("key %ju came after key %ju", (uintmax_t)e.key, (uintmax_t)before);
        begun  = true;
        before = e.key;
        met += e.key & 1;
    }
    CC(iter_fini)(&iter);
    if (met != key_count)
        differ("a walk met %" PRIu32 " of %" PRIu32 " keys that stay", met, key_count);
}

/* Next to a key that changes there is one that stays. */
static void look_around(uintptr_t key)
{
    entry_t e;

    if (!is_done(CC(higher)(map, key, &e), CC_RESULT_NOT_FOUND) || e.key != key + 1)
        differ("the key behind %ju was not found", (uintmax_t)key);
    if (key && (!is_done(CC(lower)(map, key, &e), CC_RESULT_NOT_FOUND) || e.key != key - 1))
        differ("the key before %ju was not found", (uintmax_t)key);
}

/* ---- a round ---- */

static void *work(void *arg)
{
    struct worker *w     = arg;
    const uint32_t kinds = sizeof operations / sizeof operations[0];

    for (unsigned i = 0; i < EACH; i++) {
        uintptr_t     key   = key_of(random_below(&w->random, key_count));
        operation_fn *run   = operations[random_below(&w->random, kinds)];
        uint64_t      began = history_begin(history);
        struct effect e     = run(w, key);
        history_end(history, w->self, began, key, e.found, e.left);
        if (i % WALK_STEP == 0) {
            look_around(key);
            if (key_count <= WALK_STEP)
                walk();
        }
    }
    return NULL;
}

static cc_smr_t *new_domain(void)
{
    cc_smr_options_t o = CC_SMR_OPTIONS_DEFAULT;

    o.scheme = rounds & 1 ? CC_SMR_EBR : CC_SMR_IBR;
    if (rounds & 2)
        o.era_step = o.scan_step = 1;
    o.check = rounds & 4;
    return cc_smr_create(&o);
}

static void make_map(cc_smr_t *domain)
{
    CC(options_t) options = { .destroy = destroy_entry, .smr = domain };

    map = domain ? CC(create)(&options) : NULL;
    if (!map)
        refused("memory");
    for (uint32_t i = 0; i < key_count; i++)
        is_done(CC(put_if_absent)(map, key_of(i) + 1, key_of(i) + 1), CC_RESULT_OK);
}

static void run_threads(unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        struct worker *w = &worker[i];
        w->self          = i;
        w->given = w->last_value = 0;
        w->random                = seed * UINT64_C(0x9e3779b97f4a7c15) + rounds * THREADS + i;
        if (pthread_create(&w->thread, NULL, work, w))
            refused("a thread");
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(worker[i].thread, NULL);
}

static void check_history(void)
{
    history_verdict_t verdict = history_check_map(history);

    if (verdict == HISTORY_ILLEGAL)
        differ("not linearisable: %s", history_why(history));
    if (verdict == HISTORY_UNDECIDED)
        fprintf(stderr, "\nsoak: round %" PRIu64 ": %s\n", rounds, history_why(history));
}

static void check_destroyed(unsigned threads)
{
    uint64_t given = key_count;

    for (unsigned i = 0; i < threads; i++)
        given += worker[i].given;
    if (given != destroyed)
        differ("the map took %" PRIu64 " entries and destroyed %" PRIu64, given,
               (uint64_t)destroyed);
}

static void run_round(void)
{
    static const uint32_t counts[] = { 4, 64, KEYS_MAX };
    unsigned              threads  = 2 + (unsigned)(rounds % (THREADS - 1));
    uint64_t              before   = cc_alloc_stats_snapshot().current_allocated;

    key_count        = counts[rounds / 3 % 3];
    destroyed        = 0;
    history          = history_create(threads, EACH);
    cc_smr_t *domain = new_domain();
    make_map(domain);
    run_threads(threads);
    walk();
    CC(destroy)(map);
    cc_smr_destroy(domain);
    check_destroyed(threads);
    check_history();
    history_destroy(history);
    uint64_t after = cc_alloc_stats_snapshot().current_allocated;
    if (after != before)
        differ("%" PRIu64 " bytes were live before, %" PRIu64 " are now", before, after);
    total_ops += (uint64_t)threads * EACH;
    rounds++;
}

/* ---- the whole ---- */

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* A whole number before what follows, or 0. */
static uint64_t parse(const char *text, const char *follows)
{
    char              *end;
    unsigned long long n = strtoull(text, &end, 10);

    return *text >= '0' && *text <= '9' && !strcmp(end, follows) ? n : 0;
}

int main(int argc, char **argv)
{
    uint64_t ops     = argc == 2 || argc == 3 ? parse(argv[1], "") : 0;
    uint64_t seconds = argc == 2 || argc == 3 ? parse(argv[1], "s") : 0;
    time_t   begin   = now();

    if (argc == 3)
        seed = parse(argv[2], "");
    if (!seed || (!ops && !seconds)) {
        fprintf(stderr, "usage: %s OPERATIONS|SECONDSs [SEED]\n", argv[0]);
        return 2;
    }
    cc_alloc_stats_enable(true);
    while (ops ? total_ops < ops : (uint64_t)(now() - begin) < seconds) {
        run_round();
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r\033[Ksoak: %" PRIu64 " operations", total_ops);
    }
    printf("%s%" PRIu64 " operations in %" PRIu64 " rounds, seed %" PRIu64 ": no difference\n",
           isatty(STDERR_FILENO) ? "\r\033[K" : "", total_ops, rounds, seed);
    return fflush(stdout) ? 4 : 0;
}
