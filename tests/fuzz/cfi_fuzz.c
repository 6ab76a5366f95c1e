/* SPDX-License-Identifier: MIT */
/* Any bytes are a module with unwind tables: nothing outside of it is read, and what comes out is a
 * rule that can be followed or one that ends the walk.
 *
 * Input: where .eh_frame_hdr is (2 bytes, little-endian), the first site (2 bytes), the module. */
#include <stdlib.h>
#include <string.h>

#include "prim/module.h"
#include "prim/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SITES = 64 };

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_rule(const cci_unwind_rule_t *r, uintptr_t site)
{
    check(r->site == site);
    check(r->cfa <= CCI_CFA_SIGNAL && r->bp <= CCI_BP_AT_BP);
}

/* A step by this rule, with registers into a stack that it must not leave. */
static void follow(const cci_unwind_rule_t *r)
{
    static cci_unwind_cache_t cache;
    uintptr_t                 stack[64];
    cci_unwind_step_t         step;
    const cci_stack_bounds_t  bounds = { (uintptr_t)stack, (uintptr_t)(stack + 64) };
    cci_frame_t               f      = { .pc = r->site + 1,
                                         .sp = (uintptr_t)(stack + 8),
                                         .bp = (uintptr_t)(stack + 32) };

    for (size_t i = 0; i < 64; i++)
        stack[i] = (uintptr_t)&stack[i];
    *(cci_unwind_rule_t *)cci_unwind_lookup(&cache, r->site) = *r;
    if (cci_unwind_step(&cache, &bounds, &f, &step) && r->cfa != CCI_CFA_SIGNAL)
        check(f.sp > (uintptr_t)(stack + 8) && f.sp <= bounds.high);
}

static uint16_t number_at(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { HEAD = 4 };

    if (size <= HEAD)
        return 0;
    const uintptr_t    start  = (uintptr_t)data + HEAD;
    const cci_module_t module = { .start        = start,
                                  .end          = (uintptr_t)data + size,
                                  .eh_frame_hdr = data + HEAD + number_at(data) % (size - HEAD) };

    for (uintptr_t i = 0; i < SITES; i++) {
        const uintptr_t   site = start + number_at(data + 2) + i;
        cci_unwind_rule_t r    = cci_unwind_rule_in(&module, site);
        check_rule(&r, site);
        follow(&r);
    }
    return 0;
}
