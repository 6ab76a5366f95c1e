/* SPDX-License-Identifier: MIT */
/* recording.h - records in a child, and reads what it recorded. Include cmocka.h before.
 *
 * The recorder is one a process and lasts as long; so that a test can have its own, the child is
 * made before anything is recorded.
 */
#ifndef TEST_RECORDING_H
#define TEST_RECORDING_H
#include <signal.h>
#include <sys/wait.h>

#include "record/events.h"
#include "support/scratch.h"
#include "trace/reader.h"

#define RECORDING_FILE "test.ccm"

/* Do work in a child whose events go to RECORDING_FILE. Returns how it ended, as from waitpid. */
static inline int record_in_child(const char *mode, const char *interval, void (*work)(void))
{
    unlink(RECORDING_FILE);
    setenv(CCI_ENV_OUTPUT, RECORDING_FILE, 1);
    setenv(CCI_ENV_MODE, mode, 1);
    setenv(CCI_ENV_INTERVAL, interval, 1);
    setenv(CCI_ENV_SEED, "1", 1);

    int   status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static inline cci_trace_t *open_recording(void)
{
    cci_trace_t *t = NULL;
    assert_int_equal(cci_trace_open(&t, RECORDING_FILE), CC_RESULT_OK);
    return t;
}

/* A stack of our own making: a chain of frame pointers through code that no file holds. frame[i]
 * is innermost first. */
enum { CHAIN_MAX = 512 };

typedef struct chain {
    struct {
        uintptr_t bp, pc; /* the caller's */
    } frame[CHAIN_MAX];
} chain_t;

static inline uintptr_t chain_pc(unsigned number)
{
    return 0x10000 + number;
}

/* length frames, the innermost at pc, callers at the pcs that follow in `callers`. */
static inline cci_frame_t chain_make(chain_t *c, uintptr_t pc, const uintptr_t *callers,
                                     unsigned callers_count)
{
    for (unsigned i = 0; i < callers_count; i++) {
        c->frame[i].bp = (uintptr_t)&c->frame[i + 1];
        c->frame[i].pc = callers[i];
    }
    c->frame[callers_count].bp = 0;
    c->frame[callers_count].pc = 0;
    return (cci_frame_t){ .pc = pc, .sp = (uintptr_t)c, .bp = (uintptr_t)&c->frame[0] };
}

/* From now on this thread's stack is c. */
static inline cci_thread_t *chain_adopt(const chain_t *c)
{
    cci_thread_t *t   = cci_thread_self();
    t->stacks->bounds = (cci_stack_bounds_t){ (uintptr_t)c, (uintptr_t)(c + 1) };
    return t;
}

#endif
