/* SPDX-License-Identifier: MIT */
/* soak.c - many operations of all kinds, and statistics that must agree with what is really live.
 *
 *   soak AMOUNT [SEED]    AMOUNT: operations ("1000000"), or seconds ("60s")
 *
 * In each round one to four threads work on slots, each of which holds a block or none: they
 * allocate, resize and free in every way there is, and exchange blocks through letter boxes while the
 * others run. Then the threads end, some of their blocks freed by a destructor of theirs and all
 * others left to whoever has the slot in the next round. With no thread left the model knows
 * exactly what is live, and the statistics must say the same. Every block is also checked for its
 * alignment, its bytes, and zeros where they were promised.
 *
 * Exit status: 0 no difference, 1 a difference, 2 wrong usage, 4 the system refused.
 */
#include <ccmem/alloc.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <random.h>

enum {
    THREADS      = 4,
    SLOTS        = 2048, /* of each thread */
    BOXES        = 64,
    LAST         = 64, /* blocks that a thread's destructor frees */
    ROUND_OPS    = 1000000,
    LEAST_ROUNDS = 20,
    PAGE         = 4096,
    SMALL_MAX    = CC_ALLOC_CACHED_MAX,
};

enum kind { PLAIN, ZEROED, ALIGNED, NODE, KINDS };

static const char *const kind_name[KINDS] = { "cc_alloc", "cc_calloc", "cc_alloc_aligned",
                                              "cc_alloc_node" };

/* A block and all that is known of it; ptr NULL: none. */
struct block {
    unsigned char *ptr;
    size_t         size, align, reserved;
    enum kind      kind;
    unsigned char  tag; /* its first and its last byte */
};

struct box {
    atomic_flag  busy;
    struct block block;
};

/* What a thread did. Live figures may be negative: others allocated what it freed. */
struct tally {
    uint64_t ops, unsized;
    int64_t  live_blocks, live_bytes;
};

struct worker {
    pthread_t     thread;
    uint64_t      state, ops;
    struct block *slots;
    struct block  last[LAST];
    struct tally  tally;
};

static struct block  slot[THREADS][SLOTS];
static struct box    box[BOXES];
static struct worker worker[THREADS];
static pthread_key_t at_exit;
static struct tally  total;
static uint64_t      seed = 1, rounds;

__attribute__((format(printf, 1, 2))) _Noreturn static void differ(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "ccmem: soak: seed %" PRIu64 ", round %" PRIu64 ": ", seed, rounds);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(1);
}

_Noreturn static void refused(const char *what)
{
    fprintf(stderr, "ccmem: soak: %s: refused by the system\n", what);
    _exit(4);
}

/* ---- one block ---- */

static size_t random_size(struct worker *w)
{
    uint32_t r = random_below(&w->state, 1000);

    if (r < 500)
        return 1 + random_below(&w->state, 64);
    if (r < 850)
        return 1 + random_below(&w->state, 1024);
    if (r < 980)
        return 1 + random_below(&w->state, SMALL_MAX);
    return 1 + random_below(&w->state, r < 999 ? 2 * SMALL_MAX : 1 << 20);
}

static size_t random_align(struct worker *w)
{
    return (size_t)1 << random_below(&w->state, 13); /* to 4096 */
}

static size_t whole_lines(size_t size)
{
    return (size + CC_CACHE_LINE_SIZE - 1) / CC_CACHE_LINE_SIZE * CC_CACHE_LINE_SIZE;
}

static size_t power_of_two(size_t least)
{
    size_t power = 1;

    while (power < least)
        power *= 2;
    return power;
}

/* The largest cached size within the bytes that the backend gave; all of them, if that is more than
 * any block of a cached size has. */
static size_t cached_within(size_t usable)
{
    size_t size = 16, next;

    if (usable >= cc_good_size(SMALL_MAX + 1))
        return usable;
    while ((next = cc_good_size(size + 1)) <= usable && next <= SMALL_MAX)
        size = next;
    return size;
}

/* The bytes that the statistics count for a block. */
static size_t reserved_for(const struct block *b)
{
    if (b->size <= PAGE && b->align <= PAGE && b->align > CC_CACHE_LINE_SIZE)
        return power_of_two(b->size > b->align ? b->size : b->align);
    if (b->size > SMALL_MAX || b->align > CC_CACHE_LINE_SIZE)
        return cached_within(cc_usable_size(b->ptr));
    return cc_good_size(b->align > 16 ? whole_lines(b->size) : b->size);
}

static void *allocate(const struct block *b)
{
    switch (b->kind) {
    case ZEROED:
        return cc_calloc(1, b->size);
    case ALIGNED:
        return cc_alloc_aligned(b->size, b->align);
    case NODE:
        return cc_alloc_node(b->size);
    default:
        return cc_alloc(b->size);
    }
}

static void check_zero(const struct block *b)
{
    if (b->ptr[0] || memcmp(b->ptr, b->ptr + 1, b->size - 1))
        differ("a block of cc_calloc with %zu bytes is not all zero", b->size);
}

static void check_new(const struct block *b)
{
    if ((uintptr_t)b->ptr % b->align)
        differ("the block %p of %zu bytes (%s) is not aligned to %zu", (void *)b->ptr, b->size,
               kind_name[b->kind], b->align);
    if (cc_usable_size(b->ptr) < b->size)
        differ("a block of %zu bytes has only %zu", b->size, cc_usable_size(b->ptr));
    if (b->kind == ZEROED)
        check_zero(b);
}

static void mark(struct block *b, unsigned char tag)
{
    b->tag    = tag;
    b->ptr[0] = b->ptr[b->size - 1] = tag;
}

static void check_marks(const struct block *b)
{
    if (b->ptr[0] != b->tag || b->ptr[b->size - 1] != b->tag)
        differ("somebody wrote into the block %p of %zu bytes", (void *)b->ptr, b->size);
}

static void count_live(struct worker *w, const struct block *b, int sign)
{
    w->tally.live_blocks += sign;
    w->tally.live_bytes += sign * (int64_t)b->reserved;
    w->tally.ops++;
}

static void make(struct worker *w, struct block *b)
{
    static const size_t least[KINDS] = { 16, 16, 1, CC_CACHE_LINE_SIZE };

    b->kind  = random_below(&w->state, KINDS);
    b->size  = random_size(w);
    b->align = b->kind == ALIGNED ? random_align(w) : least[b->kind];
    b->ptr   = allocate(b);
    if (!b->ptr)
        refused("memory");
    b->reserved = reserved_for(b);
    check_new(b);
    mark(b, (unsigned char)random_next(&w->state));
    count_live(w, b, 1);
}

static void free_sized(const struct block *b)
{
    if (b->kind == NODE)
        cc_free_node(b->ptr, b->size);
    else if (b->kind == ALIGNED)
        cc_free_aligned(b->ptr, b->size, b->align);
    else
        cc_free(b->ptr, b->size);
}

static void drop(struct worker *w, struct block *b)
{
    check_marks(b);
    count_live(w, b, -1);
    if (random_below(&w->state, 4)) {
        free_sized(b);
    } else {
        cc_free_unsized(b->ptr);
        w->tally.unsized++;
    }
    b->ptr = NULL;
}

/* Only blocks of cc_alloc and cc_calloc may be resized. */
static void resize(struct worker *w, struct block *b)
{
    size_t         size = random_size(w);
    unsigned char *ptr;

    check_marks(b);
    ptr = cc_realloc(b->ptr, b->size, size);
    if (!ptr)
        refused("memory");
    if (ptr[0] != b->tag || (size >= b->size && ptr[b->size - 1] != b->tag))
        differ("cc_realloc from %zu to %zu bytes lost some", b->size, size);
    count_live(w, b, -1);
    *b          = (struct block){ .ptr = ptr, .size = size, .align = 16, .kind = PLAIN };
    b->reserved = reserved_for(b);
    check_new(b);
    mark(b, (unsigned char)random_next(&w->state));
    count_live(w, b, 1);
}

/* ---- threads ---- */

/* Exchange a block for one that another thread may have left. */
static void exchange(struct worker *w, struct block *b)
{
    struct box  *x    = &box[random_below(&w->state, BOXES)];
    struct block mine = *b;

    while (atomic_flag_test_and_set_explicit(&x->busy, memory_order_acquire))
        ;
    *b       = x->block;
    x->block = mine;
    atomic_flag_clear_explicit(&x->busy, memory_order_release);
}

static void give_back_cached(struct worker *w)
{
    if (random_below(&w->state, 2))
        cc_trim();
    else
        cc_thread_idle();
}

static void operate(struct worker *w)
{
    struct block *b = &w->slots[random_below(&w->state, SLOTS)];
    uint32_t      r = random_below(&w->state, 100);

    if (!b->ptr)
        make(w, b);
    else if (r < 15 && b->kind <= ZEROED)
        resize(w, b);
    else if (r < 40)
        exchange(w, b);
    else
        drop(w, b);
    if (random_below(&w->state, 1 << 16) == 0)
        give_back_cached(w);
}

/* Runs when the thread is already ending. */
static void free_last(void *arg)
{
    struct worker *w = arg;

    for (size_t i = 0; i < LAST; i++)
        drop(w, &w->last[i]);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    if (pthread_setspecific(at_exit, w))
        refused("thread-specific data");
    for (size_t i = 0; i < LAST; i++)
        make(w, &w->last[i]);
    while (w->tally.ops < w->ops)
        operate(w);
    return NULL;
}

static void start(unsigned self, uint64_t ops)
{
    struct worker *w = &worker[self];

    w->ops   = ops;
    w->tally = (struct tally){ 0 };
    w->state = seed * UINT64_C(0x9e3779b97f4a7c15) + rounds * THREADS + self;
    w->slots = slot[(self + rounds) % THREADS];
    if (pthread_create(&w->thread, NULL, work, w))
        refused("a thread");
}

static void add(struct tally *sum, const struct tally *t)
{
    sum->ops += t->ops;
    sum->unsized += t->unsized;
    sum->live_blocks += t->live_blocks;
    sum->live_bytes += t->live_bytes;
}

static void finish(unsigned self)
{
    pthread_join(worker[self].thread, NULL);
    add(&total, &worker[self].tally);
}

/* ---- what must be the same ---- */

static void expect(const char *what, uint64_t is, uint64_t should)
{
    if (is != should)
        differ("%s is %" PRIu64 ", not %" PRIu64, what, is, should);
}

static void check_statistics(void)
{
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();

    expect("current_allocated", s.current_allocated, (uint64_t)total.live_bytes);
    expect("alloc_bytes - free_bytes", s.alloc_bytes - s.free_bytes, s.current_allocated);
    expect("alloc_count - free_count", s.alloc_count - s.free_count, (uint64_t)total.live_blocks);
    expect("unsized_free_count", s.unsized_free_count, total.unsized);
}

/* Slots and boxes as well: with nothing live, and nothing cached, the backend has everything. */
static void release_all(void)
{
    struct worker *w = &worker[0];

    w->tally = (struct tally){ 0 };
    for (size_t i = 0; i < THREADS * SLOTS; i++)
        if (slot[i / SLOTS][i % SLOTS].ptr)
            drop(w, &slot[i / SLOTS][i % SLOTS]);
    for (size_t i = 0; i < BOXES; i++)
        if (box[i].block.ptr)
            drop(w, &box[i].block);
    add(&total, &w->tally);
    cc_trim();
}

static void check_nothing_left(void)
{
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();

    expect("current_allocated at the end", s.current_allocated, 0);
    expect("cached_bytes after cc_trim", s.cached_bytes, 0);
    expect("backend_free_count at the end", s.backend_free_count, s.backend_alloc_count);
}

static void run_round(uint64_t ops)
{
    unsigned threads = 1 + (unsigned)(rounds % THREADS);

    for (unsigned i = 0; i < threads; i++)
        start(i, ops / threads + 1);
    for (unsigned i = 0; i < threads; i++)
        finish(i);
    check_statistics();
    rounds++;
}

/* ---- the whole ---- */

struct limit {
    uint64_t ops, seconds; /* one of them is 0 */
    time_t   begin;
};

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* How much of it is done, in parts of 1000. */
static uint64_t done_of(const struct limit *l)
{
    return l->seconds ? (uint64_t)(now() - l->begin) * 1000 / l->seconds
                      : (total.ops < l->ops ? total.ops * 1000 / l->ops : 1000);
}

static void show_progress(const struct limit *l)
{
    static time_t shown;

    if (!isatty(STDERR_FILENO) || now() == shown)
        return;
    shown = now();
    fprintf(stderr,
            "\r\033[Ksoak: %" PRIu64 " %%, %" PRIu64 " million operations, %" PRId64 " blocks live",
            done_of(l) / 10, total.ops / 1000000, total.live_blocks);
}

static void soak(const struct limit *l)
{
    uint64_t ops = ROUND_OPS;

    if (l->ops && l->ops / LEAST_ROUNDS < ops)
        ops = l->ops / LEAST_ROUNDS + 1;
    cc_alloc_stats_enable(true);
    if (pthread_key_create(&at_exit, free_last))
        refused("thread-specific data");
    while (done_of(l) < 1000) {
        run_round(ops);
        show_progress(l);
    }
    release_all();
    check_statistics();
    check_nothing_left();
    printf("%s%" PRIu64 " operations in %" PRIu64 " rounds over %s, seed %" PRIu64
           ": no difference\n",
           isatty(STDERR_FILENO) ? "\r\033[K" : "", total.ops, rounds,
           cc_alloc_stats_snapshot().backend, seed);
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
    struct limit l = { .begin = now() };

    if (argc == 2 || argc == 3) {
        l.ops     = parse(argv[1], "");
        l.seconds = parse(argv[1], "s");
    }
    if (argc == 3)
        seed = parse(argv[2], "");
    if (!seed || (!l.ops && !l.seconds)) {
        fprintf(stderr, "usage: %s OPERATIONS|SECONDSs [SEED]\n", argv[0]);
        return 2;
    }
    soak(&l);
    return fflush(stdout) ? 4 : 0;
}
