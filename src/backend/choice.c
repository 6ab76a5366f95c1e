/* SPDX-License-Identifier: MIT */
/* backend/choice.c - which backend cc_alloc serves from. Decided once, by the first who asks.
 *
 * Without locks, as in the registry: who decides makes a choice and tries to publish it; only the
 * one that was published warns.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "backend/backend.h"
#include "prim/checker.h"

typedef struct choice {
    const cc_backend_t *backend;
    bool                stepping_aside;
    bool                warn; /* reason is a complaint */
    char                reason[2 * CCI_BACKEND_TEXT_MAX];
} choice_t;

static const choice_t no_memory = { .backend = &cci_backend_process,
                                    .reason  = "there was no memory to choose another" };

static _Atomic(const choice_t *) chosen;

/* mimalloc, or what is left: the C library, which is always there, or a checker's own. */
static void choose_default(choice_t *c)
{
    const char *checker = cci_checker();
    const char *why     = "";

    if (checker) {
        c->backend        = &cci_backend_process;
        c->stepping_aside = true;
        snprintf(c->reason, sizeof c->reason, "%s watches the process' own malloc", checker);
        return;
    }
    c->backend = cc_backend_find("mimalloc", &why);
    if (c->backend) {
        snprintf(c->reason, sizeof c->reason, "the default");
        return;
    }
    c->backend = cc_backend_find("system", NULL);
    if (!c->backend)
        c->backend = &cci_backend_process;
    snprintf(c->reason, sizeof c->reason, "the default, mimalloc, cannot be had: %s", why);
}

static void choose_by_environment(choice_t *c, const char *name)
{
    const char *why = "";

    c->backend = cc_backend_find(name, &why);
    if (c->backend) {
        snprintf(c->reason, sizeof c->reason, "CCMEM_BACKEND names it");
        return;
    }
    choose_default(c);
    c->warn = true;
    snprintf(c->reason, sizeof c->reason, "CCMEM_BACKEND=%.100s: %s", name, why);
}

/* What is chosen now: made, or what another thread chose before. */
static const choice_t *publish(const choice_t *made)
{
    const choice_t *other = NULL;

    /* Pairs with the load in current: who sees the choice sees what is in it. */
    if (atomic_compare_exchange_strong_explicit(&chosen, &other, made, memory_order_acq_rel,
                                                memory_order_acquire))
        return made;
    return other;
}

static __attribute__((noinline)) const choice_t *choose(void)
{
    const char *name = getenv("CCMEM_BACKEND");
    choice_t   *made = calloc(1, sizeof *made);

    if (!made)
        return publish(&no_memory);
    if (name && *name)
        choose_by_environment(made, name);
    else
        choose_default(made);
    const choice_t *c = publish(made);
    if (c != made)
        free(made);
    else if (c->warn)
        fprintf(stderr, "ccmem: backend: %s; using %s\n", c->reason, c->backend->name);
    return c;
}

static inline const choice_t *current(void)
{
    const choice_t *c = atomic_load_explicit(&chosen, memory_order_acquire);
    return c ? c : choose();
}

const cc_backend_t *cc_backend_current(const char **reason)
{
    const choice_t *c = current();

    if (reason)
        *reason = c->reason;
    return c->backend;
}

bool cci_backend_stepping_aside(void)
{
    return current()->stepping_aside;
}

static bool is_complete(const cc_backend_t *b)
{
    return b && b->name && b->alloc && b->calloc && b->alloc_aligned && b->realloc && b->free &&
           b->usable_size;
}

cc_result_t cc_backend_use(const cc_backend_t *backend)
{
    if (!is_complete(backend))
        return CC_RESULT_INVALID;
    if (atomic_load_explicit(&chosen, memory_order_relaxed))
        return CC_RESULT_BUSY;
    choice_t *made = calloc(1, sizeof *made);
    if (!made)
        return CC_RESULT_NO_MEMORY;
    made->backend = backend;
    snprintf(made->reason, sizeof made->reason, "the program chose it");
    if (publish(made) == made)
        return CC_RESULT_OK;
    free(made);
    return CC_RESULT_BUSY;
}
