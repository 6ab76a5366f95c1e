/* SPDX-License-Identifier: MIT */
/* ccbench.h - micro-benchmarks that measure what they say.
 *
 * A case is a function that does an operation n times. The frame around it finds an n that takes
 * long enough for the clock, runs that once more and says what one operation took. One process
 * measures one case once and says one line of JSON; the harness starts it again and again in
 * rotated order, so that statistics are made in one place.
 *
 *   NAME --list           a line {"case", "what"} for each case
 *   NAME [--ms N] CASE    a line {"case", "ns_per_op", "ops", "ns", "ticks_per_op"}
 *   NAME --ops N CASE     the same for exactly N operations, of which nothing ran before
 *
 * What usually goes wrong with such loops, and what stands against it here:
 *   the result is unused and the work is removed        ccbench_use
 *   state stays in registers from turn to turn          ccbench_escape
 *   sizes are constants, and copies become `rep movs`   ccbench_opaque
 *   one hot slot serves all turns                       ccbench_slot
 *   the loop is measured instead of the operation       the floors (floor_bench.c), run beside
 *   the batch is shorter than the clock is exact        batches of about --ms, 20 by default
 */
#ifndef CCBENCH_H
#define CCBENCH_H
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus /* peers that are of C++ are measured by loops in C++ */
extern "C" {
#endif

/* setup and teardown may be NULL and are not measured. run does its operation ops times, a multiple
 * of 64. */
typedef struct ccbench_case {
    const char *name;
    const char *what;
    void (*setup)(void);
    void (*run)(uint64_t ops);
    void (*teardown)(void);
} ccbench_case_t;

/* The main function of a micro-benchmark: 0, 2 wrong usage, 4 the system refused. */
int ccbench_main(int argc, char **argv, const ccbench_case_t *cases, size_t count);

/* End the process with a line on stderr: a case that cannot run is no fast case. */
void ccbench_fail(const char *what, const char *why) __attribute__((noreturn));

/* The value is needed here, for all the compiler knows. */
static inline void ccbench_use(uint64_t value)
{
    __asm__ volatile("" : : "r"(value));
}

/* What p points to may have been read and changed here: it must be in memory, and read again. */
static inline void ccbench_escape(void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* The same value, of which the compiler no longer knows what it is. */
static inline uint64_t ccbench_opaque(uint64_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

/* Between two looks at what another thread is to change. */
#if defined(__x86_64__)
static inline void ccbench_relax(void)
{
    __builtin_ia32_pause();
}
#elif defined(__aarch64__)
static inline void ccbench_relax(void)
{
    __asm__ volatile("yield");
}
#else
static inline void ccbench_relax(void)
{
}
#endif

/* A slot below 2^bits for turn i, far from those of the turns around it. Fibonacci hashing: Knuth,
 * The Art of Computer Programming, volume 3, section 6.4. bits is 1 to 63. */
static inline uint64_t ccbench_slot(uint64_t i, unsigned bits)
{
    return i * UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits);
}

static inline uint64_t ccbench_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The processor's counter, which is not its cycle count; 0 where there is none to read. */
#if defined(__x86_64__)
static inline uint64_t ccbench_ticks(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t ccbench_ticks(void)
{
    uint64_t t;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
    return t;
}
#else
static inline uint64_t ccbench_ticks(void)
{
    return 0;
}
#endif

#ifdef __cplusplus
}
#endif

#endif
