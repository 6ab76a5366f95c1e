/* SPDX-License-Identifier: MIT */
/* threads.c - two threads that allocate and free as fast as they can.
 *
 *   threads PAIRS OUTPUT
 *
 * Each thread makes half of the PAIRS of malloc and free, through a chain of eight calls that
 * starts in one of four places. A block lives until 64 others were made after it; every 16th goes
 * through a ring to the other thread, which frees it. Nobody waits: where the ring is full the
 * thread frees the block itself, because waiting would burn processor time that is no part of the
 * work. The sum of what was read back does not depend on who did it: OUTPUT is the same in every
 * correct run.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LIVE 64u   /* blocks that a thread keeps */
#define RING 4096u /* blocks on their way to the other thread, a power of two */

/* One producer, one consumer; the release store of tail publishes the slot before it, the release
 * store of head gives it back. */
struct ring {
    _Alignas(64) atomic_uint head;
    _Alignas(64) atomic_uint tail;
    _Alignas(64) unsigned char *slot[RING];
};

/* Each has cache lines of its own. */
struct worker {
    _Alignas(64) uint64_t pairs;
    uint64_t       state, sum;
    unsigned char *live[LIVE];
    struct ring   *in, *out;
};

static bool ring_try_push(struct ring *r, unsigned char *block)
{
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    if (tail - atomic_load_explicit(&r->head, memory_order_acquire) == RING)
        return false;
    r->slot[tail % RING] = block;
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return true;
}

static unsigned char *ring_try_pop(struct ring *r)
{
    unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);

    if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
        return NULL;
    unsigned char *block = r->slot[head % RING];
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return block;
}

static uint64_t next_random(struct worker *w)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return w->state;
}

static void release(struct worker *w, unsigned char *block)
{
    if (block)
        w->sum += block[0];
    free(block);
}

static void drain(struct worker *w)
{
    for (unsigned char *block; (block = ring_try_pop(w->in));)
        release(w, block);
}

__attribute__((noinline)) static unsigned char *make_block(struct worker *w, unsigned where)
{
    uint64_t       r     = next_random(w);
    size_t         size  = 16 + (r >> 20) % 292;
    unsigned char *block = malloc(size);

    if (!block) {
        perror("threads: malloc");
        exit(1);
    }
    block[0]        = (unsigned char)(r + where);
    block[size - 1] = 1;
    return block;
}

/* The empty asm after the call keeps it from becoming a jump, which would leave no frame. */
#define CALL_THROUGH(name, next)                                                           \
    __attribute__((noinline)) static unsigned char *name(struct worker *w, unsigned where) \
    {                                                                                      \
        unsigned char *block = next(w, where);                                             \
        __asm__ volatile("" : "+r"(block));                                                \
        return block;                                                                      \
    }

CALL_THROUGH(call_7, make_block)
CALL_THROUGH(call_6, call_7)
CALL_THROUGH(call_5, call_6)
CALL_THROUGH(call_4, call_5)
CALL_THROUGH(call_3, call_4)
CALL_THROUGH(call_2_a, call_3)
CALL_THROUGH(call_2_b, call_3)
CALL_THROUGH(call_2_c, call_3)
CALL_THROUGH(call_2_d, call_3)

static unsigned char *call_1(struct worker *w, unsigned i)
{
    switch (i & 3) {
    case 0:
        return call_2_a(w, i);
    case 1:
        return call_2_b(w, i);
    case 2:
        return call_2_c(w, i);
    default:
        return call_2_d(w, i);
    }
}

static void hand_over(struct worker *w, unsigned char *block)
{
    if (!ring_try_push(w->out, block))
        release(w, block);
    drain(w);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    for (uint64_t i = 0; i < w->pairs; i++) {
        unsigned char *block = call_1(w, (unsigned)i);

        if (i % 16 == 15) {
            hand_over(w, block);
            continue;
        }
        release(w, w->live[i % LIVE]);
        w->live[i % LIVE] = block;
    }
    for (unsigned i = 0; i < LIVE; i++)
        release(w, w->live[i]);
    return NULL;
}

static int run(uint64_t pairs, const char *output)
{
    static struct ring   ring[2];
    static struct worker worker[2];
    pthread_t            other;

    for (unsigned i = 0; i < 2; i++)
        worker[i] = (struct worker){
            .pairs = pairs / 2, .state = 88172645463325252u + i, .in = &ring[i], .out = &ring[1 - i]
        };
    if (pthread_create(&other, NULL, work, &worker[1]))
        return 1;
    work(&worker[0]);
    pthread_join(other, NULL);
    for (unsigned i = 0; i < 2; i++)
        drain(&worker[i]); /* what came after its last look */

    FILE *f = fopen(output, "w");
    if (!f)
        return 1;
    fprintf(f, "%llu\n", (unsigned long long)(worker[0].sum + worker[1].sum));
    return fclose(f) ? 1 : 0;
}

int main(int argc, char **argv)
{
    uint64_t pairs = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;

    if (!pairs) {
        fprintf(stderr, "usage: threads PAIRS OUTPUT\n");
        return 2;
    }
    return run(pairs, argv[2]);
}
