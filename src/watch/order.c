/* SPDX-License-Identifier: MIT */
/* order.c - see watch/order.h. */
#include "watch/order.h"

#include "prim/clock.h"

bool cci_order_init(cci_order_t *o)
{
    *o = (cci_order_t){ 0 };
    if (pthread_mutex_init(&o->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&o->changed, NULL) == 0)
        return true;
    pthread_mutex_destroy(&o->lock);
    return false;
}

void cci_order_fini(cci_order_t *o)
{
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->lock);
}

void cci_order_begin(cci_order_t *o)
{
    pthread_mutex_lock(&o->lock);
    o->since_ns = cci_clock_ns(CLOCK_MONOTONIC);
    pthread_mutex_unlock(&o->lock);
}

cc_result_t cci_order_wait(cci_order_t *o, cci_moment_t *out)
{
    pthread_mutex_lock(&o->lock);
    while (o->since_ns && !o->closed)
        pthread_cond_wait(&o->changed, &o->lock);
    cc_result_t r = o->since_ns ? CC_RESULT_IO : o->result;
    if (r == CC_RESULT_OK)
        *out = o->moment;
    pthread_mutex_unlock(&o->lock);
    return r;
}

uint64_t cci_order_since(cci_order_t *o)
{
    pthread_mutex_lock(&o->lock);
    uint64_t since = o->since_ns;
    pthread_mutex_unlock(&o->lock);
    return since;
}

void cci_order_fill(cci_order_t *o, cc_result_t result, const cci_moment_t *moment)
{
    pthread_mutex_lock(&o->lock);
    o->result   = result;
    o->moment   = *moment;
    o->since_ns = 0;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
}

void cci_order_close(cci_order_t *o)
{
    pthread_mutex_lock(&o->lock);
    o->closed = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
}
