/* SPDX-License-Identifier: MIT */
/* explore_parts.h - what the sources of support/explore.h share. */
#ifndef TEST_EXPLORE_PARTS_H
#define TEST_EXPLORE_PARTS_H
#include <pthread.h>
#include "support/explore.h"

/* ---- explore_hooks.c calls; explore_threads.c ---- */

/* Before an access. */
void explore_touch(const void *p, size_t size, bool writes);

/* What an atomic operation found: a loop that finds the same again goes round. */
void explore_found(const void *p, uint64_t value);

/* ---- threads ---- */

/* The calling thread; EXPLORE_THREADS: the one that does what is done alone. */
unsigned explore_self(void);

void explore_threads_start(unsigned count);

/* Each does it alone, one after the other. */
void explore_prepare(const explore_program_t *p);

/* All of them, until they are done. */
void explore_act(const explore_program_t *p);

/* ---- schedules ---- */

/* One of so many ways to go on, 0: the usual one. costs: the others are preemptions. */
unsigned explore_choose(unsigned options, bool costs);

/* Whether more preemptions may follow. */
bool explore_may_preempt(void);

/* The rest of the run differs from others in nothing. */
void explore_is_known(void);

/* A place where a switch may be. Returns the thread that a replay wants there, or -1. */
int explore_step(const char *what, const void *p);

/* The thread goes on now. */
void explore_note_switch(unsigned thread);

bool explore_replays(void);

/* ---- memory ---- */

void explore_memory_begin(void);
void explore_memory_end(void);

/* Ends the test when it is freed, or none of a block. */
void explore_memory_check(const void *p, size_t size, bool writes);

/* Note who uses it. Returns whether switches are worth while there. */
bool explore_memory_use(const void *p, size_t size, bool writes, unsigned thread);

/* From now on they are where they were found to be. False: that are the same places as before. */
bool explore_memory_learn(void);
void explore_memory_forget(void);

/* The word's name in a trace. */
void explore_memory_name(const void *p, char name[48]);

/* ---- calls ---- */

void explore_calls_begin(void);
void explore_calls_print(void);

#endif
