/* SPDX-License-Identifier: MIT */
/* watch/order.h - a moment that one thread wants and another one makes. Private to src/watch. */
#ifndef CCI_WATCH_ORDER_H
#define CCI_WATCH_ORDER_H
#include <pthread.h>
#include "profile/moment.h"

typedef struct cci_order {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    uint64_t        since_ns; /* CLOCK_MONOTONIC; 0 = nothing is wanted */
    bool            closed;
    cc_result_t     result;
    cci_moment_t    moment; /* of CC_RESULT_OK */
} cci_order_t;

/* False: out of memory. */
bool cci_order_init(cci_order_t *o);
void cci_order_fini(cci_order_t *o);

/* ---- who wants one; one at a time ---- */

void cci_order_begin(cci_order_t *o);

/* What fill gave; CC_RESULT_IO: closed. */
cc_result_t cci_order_wait(cci_order_t *o, cci_moment_t *out);

/* ---- who makes them ---- */

/* Since when one is wanted; 0 = none is. */
uint64_t cci_order_since(cci_order_t *o);

/* result, and if that is CC_RESULT_OK a moment, which goes over. One is wanted. */
void cci_order_fill(cci_order_t *o, cc_result_t result, const cci_moment_t *moment);

/* None will be made any more. */
void cci_order_close(cci_order_t *o);

#endif
