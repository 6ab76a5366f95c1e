/* SPDX-License-Identifier: MIT */
/* prim/cpu.h - what a waiting loop says to the processor. */
#ifndef CCI_PRIM_CPU_H
#define CCI_PRIM_CPU_H

/* The loop waits for another processor: save power, and leave it quickly. */
static inline void cci_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

#endif
