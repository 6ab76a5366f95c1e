/* SPDX-License-Identifier: MIT */
/* prim/unwind.h - from a frame to its caller, fast enough to be done inside every malloc.
 *
 * The unwind tables of a program (.eh_frame, DWARF 5 section 6.4) are interpreted once per call
 * site; what is left of them, four words, stays in a cache of the thread. A step is then a look-up,
 * an addition and a load: about 5 ns, and as cheap for code without frame pointers as with. Code
 * that no file holds (a JIT's) has no tables: there a chain of frame pointers is followed.
 * On AArch64 the procedure call standard's frame records are followed.
 *
 * Rejected: libunwind (30 % slower when warm, locks when not, and it replaces backtrace() for the
 * whole program), patching return addresses (aborts programs that unwind on their own).
 *
 * Nothing here allocates, locks or calls the C library except cci_module_find.
 */
#ifndef CCI_PRIM_UNWIND_H
#define CCI_PRIM_UNWIND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cci_module;

/* The registers that matter, as they are after returning to pc. Where a signal interrupted, pc is
 * one more than the instruction, so that pc - 1 is always in the instruction that is under way.
 * On every architecture a return address is found at (sp after the return) - sizeof(void *). */
typedef struct cci_frame {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t bp;
} cci_frame_t;

/* Only [low, high) may be read while unwinding. */
typedef struct cci_stack_bounds {
    uintptr_t low, high;
} cci_stack_bounds_t;

typedef enum {
    CCI_CFA_NONE = 0, /* the walk ends here            */
    CCI_CFA_SP,       /* sp + cfa_offset               */
    CCI_CFA_BP,       /* bp + cfa_offset               */
    CCI_CFA_BP_DEREF, /* *(bp + cfa_offset): realigned */
    CCI_CFA_SIGNAL    /* the kernel's signal frame     */
} cci_cfa_kind_t;

typedef enum {
    CCI_BP_SAME = 0, /* the caller's bp is ours      */
    CCI_BP_AT_CFA,   /* saved at cfa + bp_offset     */
    CCI_BP_AT_BP     /* saved at bp + bp_offset      */
} cci_bp_kind_t;

typedef struct cci_unwind_rule {
    uintptr_t site; /* the instruction it is for; 0 = empty */
    int32_t   cfa_offset;
    int16_t   bp_offset;
    uint8_t   cfa; /* cci_cfa_kind_t */
    uint8_t   bp;  /* cci_bp_kind_t  */
} cci_unwind_rule_t;

enum { CCI_UNWIND_CACHE_BITS = 14 };

/* Two ways a set; zeroed memory is an empty cache. Not shared between threads. */
typedef struct cci_unwind_cache {
    cci_unwind_rule_t set[1 << (CCI_UNWIND_CACHE_BITS - 1)][2];
} cci_unwind_cache_t;

/* What one step read besides the return address, so that a caller can check it again later. */
typedef struct cci_unwind_step {
    bool      needs_bp;    /* the caller's frame was found through bp             */
    bool      interrupted; /* passed a signal frame: all registers are new        */
    bool      open_end;    /* the walk ends by a word that was read: another time it may go on */
    uintptr_t bp_slot;     /* where the caller's bp was saved; 0: it is unchanged */
    uintptr_t cfa_slot;    /* where the caller's sp was read; 0: it was computed  */
} cci_unwind_step_t;

/* The rule for the instruction at site, out of the module's tables. Never fails: where there is
 * nothing to go by, the rule says that the walk ends. */
cci_unwind_rule_t cci_unwind_rule_at(uintptr_t site);

/* The same for a site known to be in m. Reads nothing outside of it, whatever its tables say. */
cci_unwind_rule_t cci_unwind_rule_in(const struct cci_module *m, uintptr_t site);

/* Read the interrupted registers out of the signal frame whose handler returns to sp. */
bool cci_unwind_signal_frame(cci_frame_t *frame, const cci_stack_bounds_t *bounds);

static inline const cci_unwind_rule_t *cci_unwind_lookup(cci_unwind_cache_t *cache, uintptr_t site)
{
    size_t             i   = (site * UINT64_C(0x9E3779B97F4A7C15)) >> (65 - CCI_UNWIND_CACHE_BITS);
    cci_unwind_rule_t *way = cache->set[i];

    if (__builtin_expect(way[0].site == site, 1))
        return &way[0];
    if (way[1].site == site)
        return &way[1];
    way[1] = way[0];
    way[0] = cci_unwind_rule_at(site);
    return &way[0];
}

static inline bool cci_stack_holds(const cci_stack_bounds_t *b, uintptr_t at)
{
    return at >= b->low && at < b->high && b->high - at >= sizeof(void *) &&
           at % sizeof(void *) == 0;
}

/* Replace *frame by its caller. False: it is the outermost, or nothing that can be trusted leads
 * on; *frame is then unchanged. Reads nothing below frame->sp: whatever a register holds, that far
 * the stack is there. */
static inline bool cci_unwind_step(cci_unwind_cache_t *cache, const cci_stack_bounds_t *bounds,
                                   cci_frame_t *frame, cci_unwind_step_t *step)
{
    const cci_unwind_rule_t *r   = cci_unwind_lookup(cache, frame->pc - 1);
    uintptr_t                cfa = frame->sp + (uintptr_t)(intptr_t)r->cfa_offset;

    *step = (cci_unwind_step_t){ .needs_bp = r->cfa == CCI_CFA_BP || r->cfa == CCI_CFA_BP_DEREF ||
                                             r->bp == CCI_BP_AT_BP };
    if (r->cfa != CCI_CFA_SP) {
        uintptr_t at = frame->bp + (uintptr_t)(intptr_t)r->cfa_offset;
        if (r->cfa == CCI_CFA_BP) {
            cfa = at;
        } else if (r->cfa == CCI_CFA_BP_DEREF) {
            if (at < frame->sp || !cci_stack_holds(bounds, at))
                return false;
            step->cfa_slot = at;
            cfa            = *(const uintptr_t *)at;
        } else if (r->cfa == CCI_CFA_SIGNAL) {
            step->interrupted = true;
            return cci_unwind_signal_frame(frame, bounds);
        } else {
            return false;
        }
    }
    if (cfa <= frame->sp || !cci_stack_holds(bounds, cfa - sizeof(void *))) {
        step->open_end = step->cfa_slot != 0;
        return false;
    }
    uintptr_t pc = ((const uintptr_t *)cfa)[-1];
    if (pc < 4096) {
        step->open_end = true;
        return false;
    }
    if (r->bp != CCI_BP_SAME) {
        uintptr_t base = r->bp == CCI_BP_AT_CFA ? cfa : frame->bp;
        step->bp_slot  = base + (uintptr_t)(intptr_t)r->bp_offset;
        if (step->bp_slot < frame->sp || !cci_stack_holds(bounds, step->bp_slot))
            return false;
        frame->bp = *(const uintptr_t *)step->bp_slot;
    }
    frame->pc = pc;
    frame->sp = cfa;
    return true;
}

#endif
