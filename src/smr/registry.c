/* SPDX-License-Identifier: MIT */
/* registry.c - see smr/registry.h: domains, first use, thread exit, fork.
 *
 * A thread finds its guard of a domain through its seats, by the number of the domain, which is never
 * given to another: so what is in a seat is followed only while that domain lives. Behind the seats
 * is the list of all guards of the thread.
 *
 * The guard of a thread that ended is for others. What it retired stays there, and the next sweep of
 * any thread takes it. In the child of a fork all guards but those of the thread that forked are
 * such; one that had a visitor then, or whose thread was in a section or sweeping, may be half of
 * something: its nodes are forgotten, and count as lost.
 */
#include "smr/registry.h"
#include "prim/fault.h"
#include "smr/check.h"
#include "smr/sweep.h"
#include "smr/visit.h"

CC_THREAD cc_smr_seat_ cc_smr_seats_[CC_SMR_SEATS_];

static __thread cci_guard_t *mine __attribute__((tls_model("initial-exec")));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cci_domain_t   *domains;
static uint64_t        last_number; /* 0 is that of an empty seat */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t  key;
static bool           works;

/* ---- guards ---- */

static cci_guard_t *new_guard(cci_domain_t *d)
{
    cci_guard_t *g = cc_alloc_aligned(sizeof *g, 128);

    if (!g)
        return NULL;
    *g = (cci_guard_t){
        .head   = { .lo      = CC_SMR_IDLE_,
                    .up      = CCI_GUARD_GONE,
                    .domain  = &d->head,
                    .watched = d->watched ? d->watched : &g->head.up,
                    .visitor = d->is_fenced ? CCI_VISIT_FENCED : 0 },
        .domain = d,
        .due    = cci_sweep_step(d),
        .next   = atomic_load_explicit(&d->guards, memory_order_relaxed),
    };
    g->head.allocations = d->tick_step;
    g->number           = g->next ? g->next->number + 1 : CCI_VISIT_BARRIER + 1;
    /* Release pairs with cci_domain_guards. Others are added under the lock only. */
    atomic_store_explicit(&d->guards, g, memory_order_release);
    return g;
}

static cci_guard_t *take_vacant(cci_domain_t *d)
{
    cci_guard_t *g = d->vacant;

    if (g)
        d->vacant = g->next_mine;
    return g;
}

static void link_to(cci_guard_t **list, cci_guard_t *g)
{
    g->next_mine = *list;
    g->mine      = list;
    *list        = g;
}

static void unlink_from_mine(cci_guard_t *g)
{
    cci_guard_t **at = g->mine;

    while (*at != g)
        at = &(*at)->next_mine;
    *at = g->next_mine;
}

static void end_section(cci_guard_t *g)
{
    g->head.unusual = 0;
    __atomic_store_n(&g->head.lo, CC_SMR_IDLE_, __ATOMIC_RELEASE);
    __atomic_store_n(&g->head.up, CCI_GUARD_GONE, __ATOMIC_RELEASE);
}

static void vacate(cci_guard_t *g)
{
    __atomic_store_n(&g->is_used, false, __ATOMIC_RELAXED); /* others count */
    end_section(g);
    link_to(&g->domain->vacant, g);
    cci_visit_leave(g);
    /* Release pairs with cci_domain_is_alone. */
    atomic_fetch_sub_explicit(&g->domain->threads, 1, memory_order_release);
}

/* ---- exit ---- */

/* A thread that ends in a section has left it; one that ends in a callback never ends its sweep. Nothing is
 * freed here: a domain may be destroyed at the same time, once the lock is free. */
static void leave_all(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (cci_guard_t *g = mine, *next; g; g = next) {
        next = g->next_mine;
        if (cci_sweep_runs(g))
            cci_sweep_fault_end(NULL);
        vacate(g);
    }
    mine = NULL;
    for (unsigned i = 0; i < CC_SMR_SEATS_; i++)
        cc_smr_seats_[i] = (cc_smr_seat_){ 0 };
    pthread_mutex_unlock(&lock);
}

/* ---- fork ---- */

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
    cci_check_lock();
}

static void after_fork(void)
{
    cci_check_unlock();
    pthread_mutex_unlock(&lock);
}

static bool is_mine(const cci_guard_t *g)
{
    return g->is_used && g->mine == &mine;
}

/* Nobody visits a guard whose thread is in a section. */
static bool is_whole(const cci_guard_t *g)
{
    if (!cci_guard_is_idle(g))
        return is_mine(g);
    return cci_visit_is_over(g) && (is_mine(g) || !cci_sweep_runs(g));
}

static void survive(cci_guard_t *g)
{
    if (!is_whole(g))
        cci_guard_forget_blocks(g);
    cci_visit_end(g);
    if (is_mine(g) || !g->is_used)
        return;
    g->sweeps += g->sweeps % 2;
    vacate(g);
}

/* What is pending and in no list was in the hands of a thread that is gone; or of this one, which forked in
 * a callback and will count it as freed. */
static void survive_all(cci_domain_t *d)
{
    uint64_t listed      = 0;
    bool     in_callback = cci_sweep_all_runs();

    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next) {
        survive(g);
        listed += cci_guard_count(g);
        in_callback = in_callback || cci_sweep_runs(g);
    }
    if (!in_callback)
        d->forgotten += cc_smr_stats(&d->head).pending_count - listed;
}

static void after_fork_in_child(void)
{
    for (cci_domain_t *d = domains; d; d = d->next) {
        cci_domain_init_barrier(d);
        survive_all(d);
    }
    after_fork();
}

/* ---- first use ---- */

static void set_up(void)
{
    works = pthread_key_create(&key, leave_all) == 0 &&
            pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
}

static cci_guard_t *find_mine(const cci_domain_t *d)
{
    cci_guard_t *g = mine;

    while (g && g->domain != d)
        g = g->next_mine;
    return g;
}

/* It finds nothing that was retired in an earlier one. */
static void say_era(cci_guard_t *g)
{
    uint64_t era = __atomic_load_n(&g->head.domain->era, __ATOMIC_ACQUIRE);

    __atomic_store_n(&g->head.up, era, __ATOMIC_RELAXED);
}

static cci_guard_t *join(cci_domain_t *d)
{
    if (pthread_setspecific(key, &mine) != 0)
        return NULL;
    cci_guard_t *g = take_vacant(d);
    if (!g)
        g = new_guard(d);
    if (!g)
        return NULL;
    __atomic_store_n(&g->is_used, true, __ATOMIC_RELAXED); /* others count */
    say_era(g);
    link_to(&mine, g);
    /* Who believes to be alone does not interrupt others: this is in time before any load here. So is
     * that the guard is not left any more. */
    atomic_fetch_add_explicit(&d->threads, 1, memory_order_seq_cst);
    cci_smr_fence(d);
    cci_visit_return(g);
    return g;
}

cc_smr_guard_t *cc_smr_attach_(cc_smr_t *domain)
{
    cci_domain_t *d = cci_domain_of(domain);

    pthread_mutex_lock(&lock);
    cci_guard_t *g = find_mine(d);
    if (!g)
        g = join(d);
    pthread_mutex_unlock(&lock);
    if (!g)
        return NULL;
    *cc_smr_seat_of_(domain) = (cc_smr_seat_){ domain->number, &g->head };
    return &g->head;
}

/* ---- domains ---- */

bool cci_registry_add(cci_domain_t *d)
{
    pthread_once(&once, set_up);
    if (!works)
        return false;
    pthread_mutex_lock(&lock);
    d->head.number = ++last_number;
    d->head.seat   = last_number % CC_SMR_SEATS_ * sizeof(cc_smr_seat_);
    d->next        = domains;
    domains        = d;
    pthread_mutex_unlock(&lock);
    return true;
}

static void take_out(cci_domain_t *d)
{
    cci_domain_t **at = &domains;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
}

void cci_registry_remove(cci_domain_t *d)
{
    pthread_mutex_lock(&lock);
    take_out(d);
    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next)
        if (g->is_used)
            unlink_from_mine(g);
    pthread_mutex_unlock(&lock);
}

void cci_registry_expect_outside(cci_domain_t *d, const char *what)
{
    pthread_mutex_lock(&lock);
    const cci_guard_t *g = find_mine(d);
    pthread_mutex_unlock(&lock);
    if (g && !cci_guard_is_idle(g))
        cci_fault("smr", "%s within a section", what);
    if (g && cci_sweep_runs(g))
        cci_fault("smr", "%s within a callback", what);
}
