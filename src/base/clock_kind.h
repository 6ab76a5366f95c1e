/* SPDX-License-Identifier: MIT */
/* base/clock_kind.h - words about clocks that the recorder and a trace share. */
#ifndef CCI_CLOCK_KIND_H
#define CCI_CLOCK_KIND_H
#include <stdint.h>

typedef enum { CCI_CLOCK_TSC = 1, CCI_CLOCK_CNTVCT = 2, CCI_CLOCK_MONOTONIC = 3 } cci_clock_kind_t;

/* One instant on both clocks; two of them give the ticks' rate. */
typedef struct cci_clock_pair {
    uint64_t ticks;
    uint64_t mono_ns; /* CLOCK_MONOTONIC */
} cci_clock_pair_t;

#endif
