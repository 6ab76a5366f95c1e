/* SPDX-License-Identifier: MIT */
/* maze.h - calls nested in every shape of frame, as a random generator drives them.
 *
 * A walk through the maze goes down into a function, back out of it, or stays and is visited. So
 * stacks come again exactly, or with one frame changed somewhere, and what was on the stack before
 * is still there in the memory that a frame does not write to: all that a cache of stacks has to
 * survive.
 *
 * Shapes: with and without frame pointer, rbp used for other things, alloca, realigned (by rbp and
 * by a pointer to the arguments), arguments on the stack, large, recursive, called back by libc, in
 * a signal handler.
 *
 * Example:
 *   maze_t m = { .seed = 7, .visits = 1000, .depth_max = 30, .visit = count };
 *   maze_run(&m);
 *
 * Threads: one maze a thread.
 */
#ifndef TEST_MAZE_H
#define TEST_MAZE_H
#include <stdint.h>
#include "prim/unwind.h"

typedef struct maze {
    uint64_t seed;   /* not 0 */
    uint64_t visits; /* to go */
    unsigned depth_max;
    void (*visit)(struct maze *m, const cci_frame_t *innermost);
    void    *self; /* the visitor's */
    unsigned depth;
    unsigned again; /* visits to come at this place */
} maze_t;

void maze_run(maze_t *m);

enum { MAZE_PATH_MAX = 1024 };

/* A stack, innermost first: return addresses, one more than the instruction where a signal came. */
typedef struct maze_path {
    unsigned length;
    bool interrupted[MAZE_PATH_MAX]; /* this frame was, by the signal handled in the one before */
    uintptr_t pc[MAZE_PATH_MAX];
} maze_path_t;

/* The walk that remembers nothing but rules, at most `most` frames. */
void maze_walk(cci_unwind_cache_t *cache, const cci_stack_bounds_t *bounds, cci_frame_t f,
               unsigned most, maze_path_t *out);

#endif
