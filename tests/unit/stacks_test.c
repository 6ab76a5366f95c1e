/* SPDX-License-Identifier: MIT */
/* Captures of made-up stacks, one word of which changes at a time: the node is always that of the
 * stack as it is now. The end of a stack, its greatest depth, a file that was unloaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <execinfo.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "support/maze.h"
#include "support/recording.h"

static chain_t            chain, other;
static cci_unwind_cache_t cache;

/* The return addresses of a node, innermost first. */
static unsigned path_of(const cci_stacks_t *s, uint32_t node, uintptr_t *pc)
{
    unsigned n = 0;

    while (node) {
        uint32_t i = 0;
        while (i < s->tree_size && s->tree[i].node != node)
            i++;
        if (i == s->tree_size || n == CHAIN_MAX)
            return UINT32_MAX;
        pc[n++] = s->tree[i].pc;
        node    = s->tree[i].parent;
    }
    return n;
}

/* Exit status 0 when the capture is what a fresh walk finds; its node. */
static uint32_t capture(cci_thread_t *t, cci_frame_t f)
{
    maze_path_t path;
    uintptr_t   pc[CHAIN_MAX];
    uint32_t    node;

    maze_walk(&cache, &t->stacks->bounds, f, CCI_STACK_MAX, &path);
    if (!cci_stacks_capture(t, &f, &node))
        _exit(1);
    if (path_of(t->stacks, node, pc) != path.length ||
        memcmp(pc, path.pc, path.length * sizeof *pc) != 0)
        _exit(2);
    return node;
}

static cci_frame_t make(unsigned callers_count)
{
    uintptr_t callers[CHAIN_MAX];

    for (unsigned i = 0; i < CHAIN_MAX; i++)
        callers[i] = chain_pc(i);
    return chain_make(&chain, chain_pc(1000), callers, callers_count);
}

/* Each word that a walk reads, with a capture before, between and after. */
static void change_each_word(unsigned callers)
{
    cci_frame_t   f    = make(callers);
    cci_thread_t *t    = chain_adopt(&chain);
    uintptr_t    *word = &chain.frame[0].bp;

    for (unsigned i = 0; i < 2 * (callers + 1); i++) {
        const uintptr_t was    = word[i];
        const uint32_t  before = capture(t, f);
        word[i]                = chain_pc(2000);
        capture(t, f);
        word[i] = was;
        if (capture(t, f) != before)
            _exit(3);
    }
}

static void change_shallow(void)
{
    change_each_word(20);
}

/* Too many words for the memo. */
static void change_deep(void)
{
    change_each_word(200);
}

/* Frames fall out of the chain and come back, under an inner end that stays. */
static void relink(void)
{
    cci_frame_t   f = make(40);
    cci_thread_t *t = chain_adopt(&chain);

    for (unsigned i = 0; i + 2 < 40; i++) {
        capture(t, f);
        chain.frame[i].bp = (uintptr_t)&chain.frame[i + 2];
        capture(t, f);
        chain.frame[i].bp = (uintptr_t)&chain.frame[i + 1];
    }
}

/* What ended the walk is a word too: afterwards the stack is longer. */
static void extend(void)
{
    cci_frame_t   f = make(10);
    cci_thread_t *t = chain_adopt(&chain);

    chain.frame[10].bp = (uintptr_t)&chain.frame[11];
    uint32_t shorter   = capture(t, f);
    chain.frame[10].pc = chain_pc(3000);
    if (capture(t, f) == shorter)
        _exit(3);
}

/* At the most frames and beyond: the inner ones are kept. */
static void deepen(void)
{
    cci_thread_t *t = chain_adopt(&chain);

    for (unsigned callers = CCI_STACK_MAX - 3; callers < CCI_STACK_MAX + 3; callers++)
        capture(t, make(callers));
    for (unsigned callers = CCI_STACK_MAX + 3; callers-- > CCI_STACK_MAX - 3;)
        capture(t, make(callers));
    capture(t, make(CHAIN_MAX - 1));
    capture(t, make(3));
}

/* Another stack, of which no more is known than that it can be read. */
static void leave_the_stack(void)
{
    cci_frame_t   f = make(10);
    cci_thread_t *t = chain_adopt(&other);
    uint32_t      node, again;

    if (!cci_stacks_capture(t, &f, &node) || !cci_stacks_capture(t, &f, &again) || node != again)
        _exit(1);
    chain.frame[5].pc = chain_pc(4000);
    if (!cci_stacks_capture(t, &f, &again) || node == again)
        _exit(2);
}

/* ---- stacks of their own, against the compiler's unwinder ---- */

/* The last addresses of backtrace() are those of the node, but that it names where a signal came,
 * and not the byte behind. */
static void check_backtrace(const cci_frame_t *f, unsigned signals)
{
    cci_thread_t *t = cci_thread_self();
    uintptr_t     pc[CHAIN_MAX];
    void         *wanted[CHAIN_MAX];
    uint32_t      node;

    if (!cci_stacks_capture(t, f, &node))
        _exit(1);
    int n = backtrace(wanted, CHAIN_MAX), found = (int)path_of(t->stacks, node, pc);
    if (found > n || found < 2)
        _exit(2);
    for (int i = 0; i < found; i++) {
        uintptr_t differs = pc[i] - (uintptr_t)wanted[n - found + i];
        if (differs > 1 || (differs == 1 && signals-- == 0))
            _exit(3);
    }
    if (signals != 0)
        _exit(4);
}

static __attribute__((noinline)) void capture_with(unsigned signals)
{
    cci_frame_t caller = CCI_CALLER();
    check_backtrace(&caller, signals);
    __asm__ volatile("");
}

static void handle(int signal)
{
    (void)signal;
    capture_with(1);
    __asm__ volatile("");
}

static char own_stack[1 << 16];

static void signals(void)
{
    stack_t          stack  = { .ss_sp = own_stack, .ss_size = sizeof own_stack };
    struct sigaction action = { .sa_handler = handle };

    capture_with(0);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    action.sa_flags = SA_ONSTACK;
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    capture_with(0);
}

static ucontext_t outside, inside;

static void coroutine(void)
{
    for (int i = 0; i < 3; i++) {
        capture_with(0);
        raise(SIGUSR1);
        swapcontext(&inside, &outside);
    }
}

/* The main stack and another by turns, each with a signal. */
static void coroutines(void)
{
    struct sigaction action = { .sa_handler = handle };

    sigaction(SIGUSR1, &action, NULL);
    getcontext(&inside);
    inside.uc_stack = (stack_t){ .ss_sp = own_stack, .ss_size = sizeof own_stack };
    inside.uc_link  = &outside;
    makecontext(&inside, coroutine, 0);
    for (int i = 0; i < 3; i++) {
        capture_with(0);
        swapcontext(&outside, &inside);
        raise(SIGUSR1);
    }
}

/* The same addresses are other functions then. */
static void unload(void)
{
    cci_frame_t   f      = make(10);
    cci_thread_t *t      = chain_adopt(&chain);
    uint32_t      before = capture(t, f);

    cci_modules_changed();
    if (capture(t, f) <= before)
        _exit(3);
}

static void run(void (*work)(void))
{
    assert_int_equal(record_in_child("full", "1", work), 0);
}

static void test_any_word_counts(void **state)
{
    (void)state;
    run(change_shallow);
    run(change_deep);
    run(relink);
    run(extend);
}

static void test_depth(void **state)
{
    (void)state;
    run(deepen);
}

static void test_other_stacks(void **state)
{
    (void)state;
    run(leave_the_stack);
}

static void test_signals(void **state)
{
    (void)state;
    run(signals);
}

static void test_coroutines(void **state)
{
    (void)state;
    run(coroutines);
}

static void test_unload(void **state)
{
    (void)state;
    run(unload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_word_counts), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_other_stacks),    cmocka_unit_test(test_signals),
        cmocka_unit_test(test_coroutines),      cmocka_unit_test(test_unload),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
