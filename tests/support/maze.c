/* SPDX-License-Identifier: MIT */
/* maze.c - see support/maze.h.
 *
 * Every shape has the same body, WANDER, with two places to call from. Sizes are few and
 * multiples of 16, so that stacks of different frames often end at the same stack pointer. That
 * alone rarely meets the hardest case: outer frames moved, while inner ones are where they were and
 * the old return addresses still lie in memory that the new frames left unwritten. `shifting`
 * makes it.
 */
#include "support/maze.h"

#include <alloca.h>
#include <signal.h>
#include <stdlib.h>

#include "record/events.h"

#define NOINLINE __attribute__((noinline, noclone))
#if defined(__GNUC__) && !defined(__clang__)
#define NO_FRAME_POINTER NOINLINE __attribute__((optimize("O2", "omit-frame-pointer")))
#else
#define NO_FRAME_POINTER NOINLINE
#endif

typedef void shape_t(maze_t *m);

static shape_t plain, lean, busy_bp, stretched, lean_stretched, realigned, realigned_stretched,
    crowded, large, recursive, sorting, searching, signalled, shifting;

static shape_t *const shapes[] = {
    plain,     lean,    busy_bp,   stretched, lean_stretched, realigned, realigned_stretched,
    crowded,   large,   recursive, sorting,   searching,      signalled, lean,
    stretched, busy_bp, shifting
};

enum { SHAPES = sizeof shapes / sizeof *shapes, OUT = SHAPES, STAY };

static uint64_t next_random(maze_t *m)
{
    m->seed ^= m->seed << 13;
    m->seed ^= m->seed >> 7;
    m->seed ^= m->seed << 17;
    return m->seed >> 11;
}

static size_t some_size(maze_t *m)
{
    return 16 + 16 * (next_random(m) & 3);
}

/* A shape to call, OUT or STAY. */
static unsigned choose(maze_t *m)
{
    if (m->visits == 0)
        return OUT;
    if (m->again > 0) {
        m->again--;
        return STAY;
    }
    unsigned r = (unsigned)(next_random(m) % 64);
    if (r < 22 && m->depth > 0)
        return OUT;
    if (r < 22 + 24 && m->depth < m->depth_max)
        return (unsigned)(next_random(m) % SHAPES);
    m->again = r & 1 ? (unsigned)(next_random(m) & 3) : 0;
    return STAY;
}

static NOINLINE void visit(maze_t *m)
{
    cci_frame_t caller = CCI_CALLER();

    if (m->visits > 0) {
        m->visits--;
        m->visit(m, &caller);
    }
}

/* No call here is the last thing that a function does. */
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

#if defined(__x86_64__) && !defined(__clang__)
#define SET_BP(number) __asm__ volatile("mov %0, %%rbp" : : "r"(number) : "rbp")
#else
#define SET_BP(number) KEEP(number)
#endif

/* One of two places to call from, kept apart by what follows them. */
#define EITHER(choice, call)                                \
    do {                                                    \
        if (choice) {                                       \
            call;                                           \
            __asm__ volatile("# one" : : : "memory");       \
        } else {                                            \
            call;                                           \
            __asm__ volatile("# the other" : : : "memory"); \
        }                                                   \
    } while (0)

#define WANDER(m)                                            \
    do {                                                     \
        (m)->depth++;                                        \
        for (unsigned what; (what = choose(m)) != OUT;) {    \
            if (what == STAY)                                \
                visit(m);                                    \
            else                                             \
                EITHER(next_random(m) & 1, shapes[what](m)); \
        }                                                    \
        (m)->depth--;                                        \
        KEEP(m);                                             \
    } while (0)

static NOINLINE void plain(maze_t *m)
{
    WANDER(m);
}

static NO_FRAME_POINTER void lean(maze_t *m)
{
    WANDER(m);
}

/* rbp holds a number: who follows it is lost. */
static NO_FRAME_POINTER void busy_bp(maze_t *m)
{
    uint64_t number = next_random(m);
    SET_BP(number);
    WANDER(m);
}

static NOINLINE void stretched(maze_t *m)
{
    KEEP(alloca(some_size(m)));
    WANDER(m);
}

static NO_FRAME_POINTER void lean_stretched(maze_t *m)
{
    KEEP(alloca(some_size(m)));
    WANDER(m);
}

static NO_FRAME_POINTER void realigned(maze_t *m)
{
    _Alignas(64) char room[64];
    KEEP(room);
    WANDER(m);
}

/* The arguments are found by a register of their own: CFA = *(rbp + n). */
static NO_FRAME_POINTER void realigned_with(maze_t *m, long a, long b, long c, long d, long e,
                                            long f, long g)
{
    _Alignas(64) char room[64];
    KEEP(room);
    KEEP(alloca(some_size(m)));
    KEEP(a + b + c + d + e + f + g);
    WANDER(m);
    KEEP(g);
}

static NOINLINE void realigned_stretched(maze_t *m)
{
    realigned_with(m, 1, 2, 3, 4, 5, 6, 7);
    KEEP(m);
}

static NO_FRAME_POINTER void crowded_with(long a, long b, long c, long d, long e, long f, maze_t *m,
                                          long g)
{
    KEEP(a + b + c + d + e + f + g);
    WANDER(m);
}

static NO_FRAME_POINTER void crowded(maze_t *m)
{
    crowded_with(1, 2, 3, 4, 5, 6, m, 7);
    KEEP(m);
}

static NOINLINE void large(maze_t *m)
{
    char room[3000];
    KEEP(room);
    WANDER(m);
}

static NO_FRAME_POINTER void recurse(maze_t *m, unsigned times)
{
    if (times > 0)
        recurse(m, times - 1);
    else
        WANDER(m);
    KEEP(m);
}

static NOINLINE void recursive(maze_t *m)
{
    recurse(m, (unsigned)(next_random(m) & 7));
    KEEP(m);
}

/* ---- frames that move ---- */

static NOINLINE void glimpse(maze_t *m)
{
    visit(m);
    KEEP(m);
}

static NO_FRAME_POINTER void busy_glimpse(maze_t *m)
{
    uint64_t number = next_random(m);
    SET_BP(number);
    visit(m);
    KEEP(m);
}

/* The innermost two frames stay, as long as left and own are the same together. */
static NOINLINE void lower(maze_t *m, size_t own)
{
    KEEP(alloca(own));
    if (next_random(m) & 1)
        glimpse(m);
    else
        busy_glimpse(m);
    KEEP(m);
}

static NOINLINE void upper(maze_t *m, size_t own, size_t all)
{
    KEEP(alloca(own));
    EITHER(next_random(m) & 1, lower(m, all - own));
}

/* Moves by less than the alignment of the frame below are swallowed there. */
static NO_FRAME_POINTER void swallowing(maze_t *m, long a, long b, long c, long d, long e, long f,
                                        long g)
{
    _Alignas(512) char room[64];
    KEEP(room);
    KEEP(alloca(16));
    KEEP(a + b + c + d + e + f + g);
    visit(m);
    KEEP(g);
}

static NO_FRAME_POINTER void passing(maze_t *m)
{
    swallowing(m, 1, 2, 3, 4, 5, 6, 7);
    KEEP(m);
}

/* Whose caller's rbp does not lead on, because it is kept here. */
static NO_FRAME_POINTER void passing_busy(maze_t *m)
{
    uint64_t number = next_random(m);
    SET_BP(number);
    swallowing(m, 1, 2, 3, 4, 5, 6, 7);
    KEEP(m);
}

static NOINLINE void swallowed(maze_t *m, size_t own)
{
    KEEP(alloca(own));
    if (next_random(m) & 1)
        EITHER(next_random(m) & 1, passing(m));
    else
        EITHER(next_random(m) & 1, passing_busy(m));
}

static NOINLINE void shifting(maze_t *m)
{
    for (unsigned times = 2 + (unsigned)(next_random(m) & 3); times > 0; times--)
        if (next_random(m) & 1)
            upper(m, 16 * (1 + next_random(m) % 7), 128);
        else
            swallowed(m, 16 * (1 + next_random(m) % 12));
    KEEP(m);
}

/* ---- called back by libc ---- */

static __thread maze_t *mine;

/* Once a sort: otherwise the maze would grow by every comparison. */
static int compare(const void *a, const void *b)
{
    maze_t *m = mine;

    if (m) {
        mine = NULL;
        WANDER(m);
        mine = m;
    }
    return *(const int *)a - *(const int *)b;
}

static NOINLINE void sorting(maze_t *m)
{
    int numbers[2] = { 2, 1 };

    mine = m;
    qsort(numbers, 2, sizeof *numbers, compare);
    KEEP(numbers);
}

static NO_FRAME_POINTER void searching(maze_t *m)
{
    const int key = 1, number = 1;

    mine = m;
    KEEP(bsearch(&key, &number, 1, sizeof number, compare));
}

static void handle(int signal)
{
    (void)signal;
    visit(mine);
    KEEP(mine);
}

/* The system aligns its frame, so small moves are swallowed here too. */
static NOINLINE void interrupted(maze_t *m, size_t own)
{
    KEEP(alloca(own));
    mine = m;
    EITHER(next_random(m) & 1, raise(SIGUSR1));
}

static NOINLINE void signalled(maze_t *m)
{
    for (unsigned times = 1 + (unsigned)(next_random(m) & 3); times > 0; times--)
        interrupted(m, some_size(m));
    KEEP(m);
}

void maze_run(maze_t *m)
{
    struct sigaction a = { .sa_handler = handle, .sa_flags = SA_NODEFER };

    sigaction(SIGUSR1, &a, NULL);
    while (m->visits > 0)
        plain(m);
}

void maze_walk(cci_unwind_cache_t *cache, const cci_stack_bounds_t *bounds, cci_frame_t f,
               unsigned most, maze_path_t *out)
{
    cci_unwind_step_t step = { .interrupted = false };
    bool              more = true;

    for (out->length = 0; more && out->length < most; out->length++) {
        out->pc[out->length]          = f.pc;
        out->interrupted[out->length] = step.interrupted;
        more                          = cci_unwind_step(cache, bounds, &f, &step);
    }
}
