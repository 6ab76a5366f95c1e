/* SPDX-License-Identifier: MIT */
/* sweep.c - frees what is retired and what no reader can have; see smr/sweep.h.
 *
 * A sweep takes lists as one chain, says of what was fresh that it is retired in this era, begins another
 * one, so that who enters from now on holds none of it, and looks what readers hold. The rest is
 * freed; what is left becomes the old list of the sweeping thread's guard.
 *
 * What readers say may still be on its way to memory, where they have no fences of their own. It says
 * enough of eras before the last one that a reader saw: what it found of those it found in the section
 * that lo began, or in one that is over. Threads that are at work see eras go by all the time. For those
 * that are not there is a fence in all threads, which takes microseconds, once there are scan_step
 * nodes: it makes the eras before it safe, also for those who look next. A thread that is alone needs
 * none.
 *
 * The next sweep is due after a part of scan_step, or half as many nodes as are held: so a reader that
 * is stalled costs two looks a node, and half as much again of what it holds.
 *
 * Rejected: a list of nodes through the nodes themselves, which would need no blocks, but 32 bytes in
 * each node for as long as it lives.
 *
 * Invariant: a node is in one block; a block is in one list or chain.
 */
#include "smr/sweep.h"
#include <sched.h>
#include <string.h>
#include "prim/fault.h"
#include "smr/check.h"
#include "smr/registry.h"
#include "smr/spans.h"
#include "smr/visit.h"

enum { STEPS = 8 }; /* sweeps in which a thread retires scan_step */

/* ---- blocks ---- */

static cci_block_t *new_block(void)
{
    return cc_alloc(sizeof(cci_block_t));
}

static void free_blocks(cci_block_t *b)
{
    for (cci_block_t *next; b; b = next) {
        next = b->next;
        cc_free(b, sizeof *b);
    }
}

static cci_block_t **end_of(cci_block_t **chain)
{
    while (*chain)
        chain = &(*chain)->next;
    return chain;
}

/* Up to where retired nodes go without a look: the end of the block, or the one that makes a sweep
 * due. */
static void set_end(cci_guard_t *g)
{
    cc_smr_retired_ *end      = g->fresh ? g->fresh->at + CCI_RETIRED_A_BLOCK : NULL;
    bool             is_ahead = g->due > g->head.retired;
    uint64_t         quiet    = g->due - g->head.retired - 1;

    g->head.end = end;
    if (is_ahead && quiet < (uint64_t)(end - g->head.next))
        g->head.end = g->head.next + quiet;
}

/* Fill an empty block next. NULL: there is none. */
static void begin_block(cci_guard_t *g, cci_block_t *b)
{
    if (b) {
        b->next  = g->fresh;
        g->fresh = b;
    }
    g->head.next = b ? b->at : NULL;
    set_end(g);
}

static cci_block_t *take_spare(cci_guard_t *g)
{
    cci_block_t *b = g->spare;

    g->spare = NULL;
    return b ? b : new_block();
}

/* Keep one, free the others. */
static void keep_spare(cci_guard_t *g, cci_block_t *blocks)
{
    if (!g->spare && blocks) {
        g->spare       = blocks;
        blocks         = blocks->next;
        g->spare->next = NULL;
    }
    free_blocks(blocks);
}

/* False: there is no memory. The block before is full then, and stays so. */
static bool make_room(cci_guard_t *g)
{
    if (g->fresh && g->head.next < g->fresh->at + CCI_RETIRED_A_BLOCK)
        return true;
    cci_block_t *b = take_spare(g);
    if (!b)
        return false;
    if (g->fresh)
        g->fresh->count = CCI_RETIRED_A_BLOCK;
    begin_block(g, b);
    return true;
}

void cc_smr_retire_slow_(cc_smr_guard_t *guard, void *node, size_t size, cc_smr_free_fn *callback)
{
    cci_guard_t *g = cci_guard_of(guard);

    if (guard->retired + 1 >= g->due)
        guard->unusual |= CC_SMR_DUE_;
    if (!make_room(g)) {
        __atomic_store_n(&g->lost, g->lost + 1, __ATOMIC_RELAXED);
        return;
    }
    guard->end = guard->next + 1; /* for this one */
    cc_smr_retire(guard, node, size, callback);
    set_end(g);
}

/* So many of what was retired are not in the lists. */
static void set_gone(cci_guard_t *g, uint64_t n)
{
    __atomic_store_n(&g->gone, n, __ATOMIC_RELAXED); /* others look */
}

void cci_guard_forget_blocks(cci_guard_t *g)
{
    g->fresh = g->old = g->spare = NULL;
    set_gone(g, g->head.retired);
    begin_block(g, NULL);
}

void cci_guard_drop_blocks(cci_guard_t *g)
{
    free_blocks(g->fresh);
    free_blocks(g->old);
    free_blocks(g->spare);
    cci_guard_forget_blocks(g);
}

/* ---- what a guard has, as a chain ---- */

static void stamp(cci_block_t *fresh, uint64_t era)
{
    for (cci_block_t *b = fresh; b; b = b->next)
        b->retired = era;
}

/* Returns the era that ends. What this thread took out before it did with a read-modify-write of the
 * era, which all later ones continue: so who enters in a later era, and acquires it, finds it out. A
 * fence and a load would say less: somebody else may begin the later era, without knowing. */
static uint64_t end_era(cci_domain_t *d)
{
    return __atomic_fetch_add(&d->head.era, 1, __ATOMIC_ACQ_REL);
}

/* Take the lists of a guard; the visitor does. */
static cci_block_t *detach(cci_guard_t *g)
{
    cci_block_t *chain = g->fresh;

    if (cci_guard_is_empty(g))
        return NULL;
    if (chain) {
        chain->count = (size_t)(g->head.next - chain->at);
        stamp(chain, end_era(g->domain));
    }
    *end_of(&chain) = g->old;
    g->fresh = g->old = NULL;
    set_gone(g, g->head.retired);
    begin_block(g, g->spare);
    g->spare = NULL;
    return chain;
}

/* ---- eras ---- */

/* Unless somebody else does now. */
static void begin_era(cci_domain_t *d)
{
    uint64_t now = __atomic_load_n(&d->head.era, __ATOMIC_RELAXED);

    __atomic_compare_exchange_n(&d->head.era, &now, now + 1, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
}

void cc_smr_tick_(cc_smr_guard_t *guard)
{
    cci_guard_t *g   = cci_guard_of(guard);
    uint64_t     now = __atomic_load_n(&guard->domain->era, __ATOMIC_RELAXED);

    if (now == g->ticked)
        begin_era(g->domain);
    g->ticked          = __atomic_load_n(&guard->domain->era, __ATOMIC_RELAXED);
    guard->allocations = g->domain->tick_step;
}

/* What readers hold, and of which eras of retirement that can be said at all. */
typedef struct cci_view {
    uint64_t   clear; /* nobody holds what was retired in an era before this one */
    cci_eras_t held;
    uint64_t   safe; /* of eras before this one */
} cci_view_t;

/* Whatever is retired in an era before now was taken out before the fence. */
static void make_safe(cci_domain_t *d)
{
    uint64_t now  = __atomic_load_n(&d->head.era, __ATOMIC_RELAXED);
    uint64_t safe = atomic_load_explicit(&d->safe, memory_order_relaxed);

    cci_smr_fence_all(d);
    while (safe < now && !atomic_compare_exchange_weak_explicit(
                             &d->safe, &safe, now, memory_order_release, memory_order_relaxed))
        ;
}

static uint64_t safe_eras(cci_domain_t *d)
{
    cci_smr_fence(d);
    if (d->is_fenced || cci_domain_is_alone(d))
        return UINT64_MAX;
    return atomic_load_explicit(&d->safe, memory_order_acquire);
}

/* up before lo: otherwise lo might be of a section before the one that raised up. A guard that nobody has
 * says the last era there is. An up below lo is that of the section before: see cc_smr_enter. */
static void look_at_readers(cci_domain_t *d, const cci_guard_t *mine, cci_view_t *view)
{
    uint64_t seen = UINT64_MAX;

    view->safe       = safe_eras(d);
    view->held.count = 0;
    for (const cci_guard_t *g = cci_domain_guards(d); g; g = g->next) {
        uint64_t up = __atomic_load_n(&g->head.up, __ATOMIC_ACQUIRE);
        uint64_t lo = __atomic_load_n(&g->head.lo, __ATOMIC_ACQUIRE);
        if (lo != CC_SMR_IDLE_)
            cci_eras_add(&view->held, lo, d->is_ebr || up < lo ? UINT64_MAX : up);
        if (g != mine && up < seen)
            seen = up;
    }
    if (seen > view->safe)
        view->safe = seen;
    view->clear = view->safe;
    if (view->held.count && view->held.at[0].lo < view->clear)
        view->clear = view->held.at[0].lo;
}

/* ---- freeing ---- */

/* The usual callback in place. */
static void free_node(const cci_domain_t *d, const cc_smr_retired_ *r)
{
    cci_check_dead(d, r->node);
    if (r->callback)
        r->callback(r->node, r->size);
    else if (d->check)
        cc_smr_free(r->node, r->size);
    else
        cc_free_node(r->node, r->size);
}

typedef struct cci_swept {
    cci_block_t *whole, *mixed, *empty;
    size_t       kept_count, unsafe_count, freed_count;
} cci_swept_t;

static void free_all_of(const cci_domain_t *d, cci_block_t *b)
{
    for (size_t i = 0; i < b->count; i++)
        free_node(d, &b->at[i]);
    b->count = 0;
}

static void mix(cci_block_t *b)
{
    for (size_t i = 0; b->retired != CCI_MIXED && i < b->count; i++)
        b->at[i].retired = b->retired;
    b->retired = CCI_MIXED;
}

/* Free what is not held; what is moves to the front. */
static void free_some_of(const cci_domain_t *d, cci_block_t *b, const cci_view_t *view)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->count; i++) {
        const cc_smr_retired_ *r = &b->at[i];
        if (r->retired >= view->safe || cci_eras_meet(&view->held, r->birth, r->retired))
            b->at[kept++] = *r;
        else
            free_node(d, r);
    }
    b->count = kept;
}

/* Mostly nobody is stalled, and one comparison tells of all. */
static void free_of_block(const cci_domain_t *d, cci_block_t *b, const cci_view_t *view)
{
    if (b->retired != CCI_MIXED && b->retired < view->clear) {
        free_all_of(d, b);
    } else if (b->retired == CCI_MIXED || b->retired < view->safe) {
        mix(b);
        free_some_of(d, b, view);
    }
}

/* Move the nodes of a block to the one that is being refilled, if any, as far as there is room. */
static void refill(cci_block_t *into, cci_block_t *from)
{
    size_t room = CCI_RETIRED_A_BLOCK - into->count;
    size_t n    = from->count < room ? from->count : room;

    from->count -= n;
    memcpy(&into->at[into->count], &from->at[from->count], n * sizeof *from->at);
    into->count += n;
}

static void put(cci_block_t **list, cci_block_t *b)
{
    b->next = *list;
    *list   = b;
}

/* All blocks of mixed but the first are full. */
static void sort_block(cci_swept_t *swept, cci_block_t *b)
{
    swept->kept_count += b->count;
    if (b->retired != CCI_MIXED && b->count) {
        swept->unsafe_count += b->count;
        put(&swept->whole, b);
        return;
    }
    if (swept->mixed)
        refill(swept->mixed, b);
    put(b->count ? &swept->mixed : &swept->empty, b);
}

static void sweep_chain(const cci_domain_t *d, cci_block_t *chain, const cci_view_t *view,
                        cci_swept_t *swept)
{
    for (cci_block_t *b = chain, *next; b; b = next) {
        size_t count = b->count;
        next         = b->next;
        free_of_block(d, b, view);
        swept->freed_count += count - b->count;
        sort_block(swept, b);
    }
}

/* What was kept, as one chain. */
static cci_block_t *kept_of(cci_swept_t *swept)
{
    *end_of(&swept->whole) = swept->mixed;
    return swept->whole;
}

/* ---- a sweep ---- */

size_t cci_sweep_step(cci_domain_t *d)
{
    return d->scan_step < STEPS ? 1 : d->scan_step / STEPS;
}

static void take_along(cci_guard_t *g, void *what_for)
{
    cci_block_t **chain = what_for;

    *end_of(chain) = detach(g);
}

/* What others have. While a barrier waits nodes stay where they are, so that it finds them: it says so
 * before it visits anybody, and either visited this thread's guard since or will. */
static void adopt(cci_guard_t *mine, bool others, cci_block_t **chain)
{
    if (atomic_load_explicit(&mine->domain->barriers, memory_order_acquire))
        return;
    if (others)
        cci_visit_idle(mine, take_along, chain);
    else
        cci_visit_left(mine, take_along, chain);
}

static void begin_sweep(cci_guard_t *g, cci_block_t **chain)
{
    cci_visit_own(g);
    __atomic_store_n(&g->sweeps, g->sweeps + 1, __ATOMIC_RELAXED);
    *chain = detach(g);
    cci_visit_end(g);
}

static void end_sweep(cci_guard_t *g, cci_swept_t *swept)
{
    size_t half = swept->kept_count / 2, step = cci_sweep_step(g->domain);

    cci_visit_own(g);
    *end_of(&g->old) = kept_of(swept);
    keep_spare(g, swept->empty);
    g->due = g->head.retired + (half > step ? half : step);
    if (!g->fresh)
        begin_block(g, take_spare(g));
    set_end(g);
    set_gone(g, g->gone - swept->kept_count);
    __atomic_store_n(&g->freed, g->freed + swept->freed_count, __ATOMIC_RELEASE);
    __atomic_store_n(&g->sweeps, g->sweeps + 1, __ATOMIC_RELEASE);
    cci_visit_end(g);
}

/* What is left of a sweep, once all eras so far are safe. */
static void sweep_again(cci_guard_t *g, cci_swept_t *swept)
{
    cci_block_t *chain = kept_of(swept);
    cci_view_t   view;

    swept->whole = swept->mixed = NULL;
    swept->kept_count           = 0;
    make_safe(g->domain);
    look_at_readers(g->domain, g, &view);
    sweep_chain(g->domain, chain, &view, swept);
}

static void sweep_taken(cci_guard_t *g, bool others, cci_block_t *chain, cci_swept_t *swept)
{
    cci_view_t view;

    if (others)
        make_safe(g->domain);
    look_at_readers(g->domain, g, &view);
    sweep_chain(g->domain, chain, &view, swept);
    if (swept->unsafe_count >= g->domain->scan_step)
        sweep_again(g, swept);
}

/* Who has nothing to free interrupts nobody. */
size_t cci_sweep(cci_guard_t *g, bool others)
{
    cci_block_t *chain;
    cci_swept_t  swept = { 0 };

    if (cci_sweep_runs(g))
        return 0;
    begin_sweep(g, &chain);
    adopt(g, others, &chain);
    if (chain)
        sweep_taken(g, others, chain, &swept);
    end_sweep(g, &swept);
    return swept.freed_count;
}

void cc_smr_leave_slow_(cc_smr_guard_t *guard)
{
    if (guard->unusual & ~CC_SMR_DUE_) {
        guard->unusual--;
        return;
    }
    guard->unusual = 0;
    cc_smr_leave(guard);
    cci_sweep(cci_guard_of(guard), false);
}

/* ---- public ---- */

/* As cc_smr_enter finds it: without the lock of the registry, mostly. */
static cc_smr_guard_t *own_guard(cc_smr_t *domain)
{
    const cc_smr_seat_ *seat = cc_smr_seat_of_(domain);

    return seat->number == domain->number ? seat->guard : cc_smr_attach_(domain);
}

size_t cc_smr_poll(cc_smr_t *domain)
{
    cc_smr_guard_t *g = own_guard(domain);

    return g && cci_guard_is_idle(cci_guard_of(g)) ? cci_sweep(cci_guard_of(g), true) : 0;
}

static size_t free_all(cci_domain_t *d, cci_block_t *chain)
{
    cci_view_t view;
    size_t     n = 0;

    make_safe(d);
    while (chain) {
        look_at_readers(d, NULL, &view);
        cci_swept_t swept = { 0 };
        sweep_chain(d, chain, &view, &swept);
        atomic_fetch_add_explicit(&d->freed, swept.freed_count, memory_order_release);
        n += swept.freed_count;
        free_blocks(swept.empty);
        chain = kept_of(&swept);
        if (chain)
            sched_yield();
    }
    return n;
}

_Noreturn void cci_sweep_fault_end(void *unused)
{
    (void)unused;
    cci_fault("smr", "a thread ended within a callback");
}

/* A callback of a barrier may wait for another domain. */
static __thread unsigned barriers_within __attribute__((tls_model("initial-exec")));

bool cci_sweep_all_runs(void)
{
    return barriers_within > 0;
}

/* A thread that has no guard is not told of its end: it would keep the lock. */
static size_t free_all_and_stay(cci_domain_t *d, cci_block_t *chain)
{
    size_t n;

    barriers_within++;
    pthread_cleanup_push(cci_sweep_fault_end, NULL);
    n = free_all(d, chain);
    pthread_cleanup_pop(0);
    barriers_within--;
    return n;
}

/* A callback of a barrier's has no sweep of a guard around it, but the lock. */
size_t cci_sweep_all(cci_domain_t *d, const char *what)
{
    cci_block_t *chain = NULL;

    cci_registry_expect_outside(d, what);
    if (pthread_mutex_lock(&d->barrier) != 0)
        cci_fault("smr", "%s within a callback", what);
    atomic_fetch_add_explicit(&d->barriers, 1, memory_order_seq_cst);
    cci_visit_all(d, take_along, &chain);
    atomic_fetch_sub_explicit(&d->barriers, 1, memory_order_release);
    size_t n = free_all_and_stay(d, chain);
    pthread_mutex_unlock(&d->barrier);
    return n;
}

void cc_smr_barrier(cc_smr_t *domain)
{
    cci_sweep_all(cci_domain_of(domain), "cc_smr_barrier");
}
