/* SPDX-License-Identifier: MIT */
/* prim/cpu.h - what the language has no word for. */
#ifndef CCI_PRIM_CPU_H
#define CCI_PRIM_CPU_H
#include <stdint.h>

/* The loop waits for another processor: save power, and leave it quickly. */
static inline void cci_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* a < b ? yes : no, of which the processor does not guess the outcome: for comparisons that come out
 * either way as often, where it waits for a and b anyway. Written in C, compilers make a jump of it. */
static inline uintptr_t cci_if_below(uintptr_t a, uintptr_t b, uintptr_t yes, uintptr_t no)
{
#if defined(__x86_64__)
    __asm__("cmp %[b], %[a]\n\tcmovae %[no], %[yes]"
            : [yes] "+r"(yes)
            : [a] "r"(a), [b] "r"(b), [no] "r"(no)
            : "cc");
    return yes;
#elif defined(__aarch64__)
    __asm__("cmp %[a], %[b]\n\tcsel %[yes], %[yes], %[no], lo"
            : [yes] "+r"(yes)
            : [a] "r"(a), [b] "r"(b), [no] "r"(no)
            : "cc");
    return yes;
#else
    return a < b ? yes : no;
#endif
}

#endif
