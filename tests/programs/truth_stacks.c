/* SPDX-License-Identifier: MIT */
/* truth_stacks.c - stacks of every shape a compiler, a program or the system makes. A line that is
 * to be found in a stack carries a mark in its comment, which the tests look for in this file. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <ucontext.h>
#include "truth.h"

static volatile int opaque = 1; /* what the compiler cannot know */

/* ---- plain, inlined, with a variable-sized frame, with a realigned one ---- */

NOINLINE static void *leaf(size_t size)
{
    void *p = malloc(size); /* @leaf */
    KEEP_FRAME();
    return p;
}

static inline __attribute__((always_inline)) void *inlined_twice(size_t size)
{
    return leaf(size); /* @inlined_twice */
}

static inline __attribute__((always_inline)) void *inlined_once(size_t size)
{
    return inlined_twice(size); /* @inlined_once */
}

NOINLINE static void *calls_inlined(size_t size)
{
    void *p = inlined_once(size); /* @calls_inlined */
    KEEP_FRAME();
    return p;
}

NOINLINE static void *has_array(size_t size)
{
    char array[16 * opaque + size % 64];

    memset(array, opaque, sizeof array);
    void *p = calls_inlined(size); /* @has_array */
    __asm__ volatile("" ::"r"(array) : "memory");
    return p;
}

NOINLINE static void *has_alloca(size_t size)
{
    char *bytes = __builtin_alloca((size_t)opaque * 100);

    memset(bytes, opaque, 100);
    void *p = has_array(size); /* @has_alloca */
    __asm__ volatile("" ::"r"(bytes) : "memory");
    return p;
}

NOINLINE static void *is_realigned(size_t size)
{
    alignas(64) char wide[128];

    memset(wide, opaque, sizeof wide);
    void *p = has_alloca(size); /* @is_realigned */
    __asm__ volatile("" ::"r"(wide) : "memory");
    return p;
}

NOINLINE static void *realigned_with_array(size_t size)
{
    alignas(128) char wide[128];
    char              array[64 * opaque];

    memset(wide, opaque, sizeof wide);
    memset(array, opaque, sizeof array);
    void *p = is_realigned(size); /* @realigned_with_array */
    __asm__ volatile("" ::"r"(wide), "r"(array) : "memory");
    return p;
}

static int shapes(void)
{
    for (int i = 0; i < 10 * opaque; i++)
        free(realigned_with_array(100)); /* @shapes */
    return 0;
}

/* ---- through code of the system ---- */

NOINLINE static int compare(const void *a, const void *b)
{
    free(leaf(1)); /* @compare */
    return *(const int *)a - *(const int *)b;
}

static int through_qsort(void)
{
    int n[] = { 2, 1 };
    qsort(n, 2, sizeof n[0], compare); /* @through_qsort */
    return n[0] != 1;
}

/* ---- deep ---- */

NOINLINE static void *recurse(int depth)
{
    void *p = depth ? recurse(depth - 1) : leaf(7); /* @recurse */
    KEEP_FRAME();
    return p;
}

/* 10000 frames, and again, and then one that has nothing in common with them. */
static int deep(void)
{
    free(recurse(10000));
    free(recurse(10000));
    free(leaf(8));
    return 0;
}

/* Every depth from 1 to 300: around the most that is kept of a stack. */
static int depths(void)
{
    for (int depth = 1; depth <= 300; depth++)
        free(recurse(depth));
    return 0;
}

/* ---- longjmp ---- */

static jmp_buf back;

NOINLINE static void jump(int depth)
{
    if (depth > 0)
        jump(depth - 1);
    free(leaf(30)); /* @jump */
    if (depth == 0)
        longjmp(back, 1);
    KEEP_FRAME();
}

NOINLINE static void after_jump(void)
{
    free(leaf(31)); /* @after_jump */
    KEEP_FRAME();
}

static int jumps(void)
{
    for (volatile int i = 0; i < 100; i++) {
        if (setjmp(back) == 0)
            jump(20);
        after_jump(); /* @jumps */
    }
    return 0;
}

/* ---- signals ---- */

NOINLINE static void in_handler(int signal)
{
    (void)signal;
    free(leaf(40)); /* @in_handler */
}

static void handle(int signal, int flags)
{
    struct sigaction a = { .sa_handler = in_handler, .sa_flags = flags };
    sigaction(signal, &a, NULL);
}

NOINLINE static void raises(void)
{
    raise(SIGUSR1); /* @raises */
    KEEP_FRAME();
}

static int handler(void)
{
    handle(SIGUSR1, 0);
    for (int i = 0; i < 10; i++)
        raises();
    return 0;
}

static int handler_on_own_stack(void)
{
    static char own[65536];
    stack_t     stack = { .ss_sp = own, .ss_size = sizeof own };

    handle(SIGUSR1, SA_ONSTACK);
    sigaltstack(&stack, NULL);
    for (int i = 0; i < 10; i++)
        raises();
    return 0;
}

static volatile sig_atomic_t ticks;

NOINLINE static void on_tick(int signal)
{
    (void)signal;
    ticks = ticks + 1;
    free(leaf(51));
}

/* Signals at any place, also in the middle of malloc: to be run with libtruth_bump.so, whose
 * functions allow that. Says how often it allocated outside the handler and in it. */
static int timer(void)
{
    struct itimerval every = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
    long             count = 0;

    struct sigaction a = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &a, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    for (; ticks < 200; count++)
        free(leaf(50));
    setitimer(ITIMER_REAL, &never, NULL);
    say("[%ld, %d]\n", count, ticks);
    return 0;
}

/* ---- a stack of the program's own ---- */

static ucontext_t main_context, coroutine_context;

NOINLINE static void coroutine(void)
{
    for (int i = 0; i < 100; i++) {
        free(leaf(60)); /* @coroutine */
        swapcontext(&coroutine_context, &main_context);
    }
}

static int coroutines(void)
{
    static char stack[65536];

    getcontext(&coroutine_context);
    coroutine_context.uc_stack = (stack_t){ .ss_sp = stack, .ss_size = sizeof stack };
    coroutine_context.uc_link  = &main_context;
    makecontext(&coroutine_context, coroutine, 0);
    for (int i = 0; i < 100; i++) {
        swapcontext(&main_context, &coroutine_context);
        free(leaf(61)); /* @coroutines */
    }
    return 0;
}

/* ---- a thread with as little stack as there may be ---- */

NOINLINE static void *small_thread(void *arg)
{
    free(leaf(70)); /* @small_thread */
    return arg;
}

static int small_stack(void)
{
    pthread_attr_t attr;
    pthread_t      thread;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 16384);
    for (int i = 0; i < 20; i++)
        if (pthread_create(&thread, &attr, small_thread, NULL) || pthread_join(thread, NULL))
            return 1;
    return 0;
}

static const struct scenario LIST[] = {
    { "shapes", shapes },
    { "through_qsort", through_qsort },
    { "deep", deep },
    { "depths", depths },
    { "jumps", jumps },
    { "handler", handler },
    { "handler_on_own_stack", handler_on_own_stack },
    { "timer", timer },
    { "coroutines", coroutines },
    { "small_stack", small_stack },
};

TRUTH_MAIN(LIST)
