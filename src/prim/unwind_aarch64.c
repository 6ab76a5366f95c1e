/* SPDX-License-Identifier: MIT */
/* prim/unwind_aarch64.c - frame records (AAPCS64, 6.4.6): x29 points at {caller's x29, return address}. */
#if defined(__aarch64__)
#include "prim/unwind.h"

cci_unwind_rule_t cci_unwind_rule_at(uintptr_t site)
{
    return (cci_unwind_rule_t){
        .site = site, .cfa = CCI_CFA_BP, .cfa_offset = 16, .bp = CCI_BP_AT_CFA, .bp_offset = -16
    };
}

cci_unwind_rule_t cci_unwind_rule_in(const struct cci_module *m, uintptr_t site)
{
    (void)m;
    return cci_unwind_rule_at(site);
}

/* A handler's frame record leads on to the interrupted code by itself. */
bool cci_unwind_signal_frame(cci_frame_t *frame, const cci_stack_bounds_t *bounds)
{
    (void)frame, (void)bounds;
    return false;
}

#endif
