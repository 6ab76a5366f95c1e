/* SPDX-License-Identifier: MIT */
/* explore_calls.c - the calls of a run, and whether an order explains their results: all are tried. */
#include <stdio.h>

#include "support/explore_parts.h"

static explore_call_t calls[EXPLORE_CALLS];
static unsigned       count;
static unsigned
    ended; /* calls. Who begins reads it and who ends writes it, for the scheduler, too */

void explore_calls_begin(void)
{
    count = ended = 0;
}

explore_call_t *explore_call(const explore_operation_t *operation, uintptr_t key, uintptr_t value)
{
    if (count == EXPLORE_CALLS)
        explore_fail("explore: more than %d calls", EXPLORE_CALLS);
    explore_touch(&ended, sizeof ended, false);
    explore_call_t *c = &calls[count++];
    *c                = (explore_call_t){ .operation = operation,
                                          .key       = key,
                                          .value     = value,
                                          .thread    = explore_self(),
                                          .began     = ended,
                                          .ended     = UINT32_MAX };
    return c;
}

void explore_return(explore_call_t *call, int result, uintptr_t got_key, uintptr_t got)
{
    explore_touch(&ended, sizeof ended, true);
    call->result  = result;
    call->got_key = got_key;
    call->got     = got;
    call->ended   = ended++;
}

static bool step_nowhere(explore_state_t *s, const explore_call_t *c)
{
    (void)s, (void)c;
    return true;
}

void explore_forget(explore_call_t *call)
{
    static const explore_operation_t nothing = { "nothing", step_nowhere };

    call->operation = &nothing;
}

/* Whether none of the calls that are left ended before it began. */
static bool may_be_next(unsigned left, const explore_call_t *c)
{
    for (unsigned i = 0; i < count; i++)
        if ((left & 1U << i) && calls[i].ended < c->began)
            return false;
    return true;
}

static bool is_explained(unsigned left, const explore_state_t *s)
{
    if (left == 0)
        return true;
    for (unsigned i = 0; i < count; i++) {
        explore_state_t next = *s;
        if ((left & 1U << i) && may_be_next(left, &calls[i]) &&
            calls[i].operation->step(&next, &calls[i]) && is_explained(left & ~(1U << i), &next))
            return true;
    }
    return false;
}

void explore_expect_order(explore_state_t initial)
{
    if (!is_explained((1U << count) - 1, &initial))
        explore_fail("no order explains the calls");
}

static void print_time(unsigned time)
{
    if (time == UINT32_MAX)
        fputs("...", stderr);
    else
        fprintf(stderr, "%u", time);
}

void explore_calls_print(void)
{
    for (unsigned i = 0; i < count; i++) {
        const explore_call_t *c = &calls[i];
        fprintf(stderr, "  thread %u, from %u to ", c->thread, c->began);
        print_time(c->ended);
        fprintf(stderr, ": %s %#zx %#zx -> %d, %#zx %#zx\n", c->operation->name, (size_t)c->key,
                (size_t)c->value, c->result, (size_t)c->got_key, (size_t)c->got);
    }
}
