/* SPDX-License-Identifier: MIT */
/* record/control.h - what the collector and the recorded processes share.
 *
 * `ccmem profile` is the collector. It makes a spool: a private directory with one `control` file,
 * the page below. Every recorded process maps it, and puts its own pool beside it, named
 * PID.NUMBER.pool: a trace file in the layout "in place" whose chunks are used again once the
 * collector has copied them. Nothing else passes between the two, so either may die at any moment:
 * the pool of a killed process is whole, and a process without a collector stops recording.
 */
#ifndef CCI_RECORD_CONTROL_H
#define CCI_RECORD_CONTROL_H
#include <stdatomic.h>
#include <stdint.h>

#define CCI_CONTROL_NAME  "control"
#define CCI_POOL_SUFFIX   ".pool"
#define CCI_CONTROL_MAGIC 0x4c544343u /* "CCTL" */

/* Environment of a recorded process. */
#define CCI_ENV_SPOOL    "CCMEM_SPOOL"    /* directory of the collector                    */
#define CCI_ENV_OUTPUT   "CCMEM_OUTPUT"   /* trace file when there is no collector; %p %h  */
#define CCI_ENV_MODE     "CCMEM_MODE"     /* full (default), sample or count               */
#define CCI_ENV_INTERVAL "CCMEM_INTERVAL" /* mean bytes between samples                    */
#define CCI_ENV_FOLLOW   "CCMEM_FOLLOW"   /* 1: programs started by exec are recorded too  */
#define CCI_ENV_SEED     "CCMEM_SEED"     /* makes the choice of samples repeatable        */
#define CCI_ENV_START    "CCMEM_START"    /* now (default), or dormant: record/attach.h    */
#define CCI_ENV_MEASURE  "CCMEM_MEASURE"  /* one call in so many is measured; 0: none is   */

enum {
    CCI_SAMPLE_INTERVAL_DEFAULT = 512 * 1024,
    CCI_MEASURE_EVERY_DEFAULT   = 64,
    CCI_MEASURE_EVERY_MAX       = 1 << 30
};

typedef struct cci_control {
    uint32_t         magic;
    int32_t          collector; /* its pid */
    _Atomic uint32_t doorbell;  /* futex: counts chunks filled, pools made, children ended */
    _Atomic uint32_t pools;     /* made so far */
    _Atomic uint32_t numbers;   /* of pools, given out so far */
    _Atomic uint32_t drained;   /* futex: counts chunks made free again */
    _Atomic uint32_t waiting;   /* threads that wait for `drained` */
    _Atomic uint32_t stop;      /* the collector can take no more: record no further */
    _Atomic uint32_t failed;    /* a recording ended early, and its process said why */
} cci_control_t;

#endif
