/* SPDX-License-Identifier: MIT */
/* schemes.h - one way to free what others may still read, as its users call it, behind the names that
 * read.c, retire.c and stalled.c use. For how contestants are compiled see ../region/regions.h; what
 * is written in Rust has its loops in ../crossbeam/src/epoch.rs.
 *
 *   struct item                     64 bytes; value is the program's
 *   scheme_begin()                  before anything else
 *   self_t  scheme_self()           what the calling thread keeps at hand; its first call registers it
 *   guard_t enter(self)             a section begins
 *   item_read(guard, slot)          what *slot points to, readable until the section ends
 *   item_alloc(guard)               a new item
 *   leave(self, guard)              the section ends
 *   retire(self, guard, item)       the same; the item is freed when no reader can have it
 *   settle(self)                    wait until what this thread retired is freed
 *
 * Items come from cc_alloc_node for everyone who does not bring an allocator. With COUNT_FREED defined
 * freed_count says how many were freed.
 */
#ifndef SCHEMES_H
#define SCHEMES_H
#include <stdint.h>
#include <stdlib.h>

#include <ccmem/alloc.h>

#include <ccbench.h>

enum { ITEM_BYTES = 64 };

#ifdef COUNT_FREED
static uint64_t freed_count; /* relaxed: it is looked at when nothing depends on it */

static inline void count_freed(void)
{
    __atomic_fetch_add(&freed_count, 1, __ATOMIC_RELAXED);
}
#else
static inline void count_freed(void)
{
}
#endif

static inline void *checked(void *p)
{
    if (!p)
        ccbench_fail("smr", "no memory");
    return p;
}

#if defined(CONTESTANT_ibr) || defined(CONTESTANT_ebr)
#include <ccmem/smr.h>

#if defined(CONTESTANT_ibr)
#define SCHEME CC_SMR_IBR
#else
#define SCHEME CC_SMR_EBR
#endif

typedef cc_smr_t       *self_t;
typedef cc_smr_guard_t *guard_t;

struct item {
    cc_smr_node_t smr;
    uint64_t      value;
    char          rest[ITEM_BYTES - sizeof(cc_smr_node_t) - sizeof(uint64_t)];
};

static cc_smr_t *domain;

static inline void scheme_begin(void)
{
    cc_smr_options_t options = CC_SMR_OPTIONS_DEFAULT;

    options.scheme = SCHEME;
    domain         = checked(cc_smr_create(&options));
}

static inline self_t scheme_self(void)
{
    return domain;
}

static inline guard_t enter(self_t self)
{
    return checked(cc_smr_enter(self));
}

static inline struct item *item_read(guard_t guard, struct item **slot)
{
    return cc_smr_protect(guard, slot);
}

static inline struct item *item_alloc(guard_t guard)
{
    return checked(cc_smr_alloc(guard, sizeof(struct item)));
}

static inline void leave(self_t self, guard_t guard)
{
    (void)self;
    cc_smr_leave(guard);
}

#ifdef COUNT_FREED
static void free_counted(void *item, size_t size)
{
    count_freed();
    cc_smr_free(item, size);
}
#else
#define free_counted NULL
#endif

static inline void retire(self_t self, guard_t guard, struct item *item)
{
    cc_smr_retire(guard, item, sizeof *item, free_counted);
    leave(self, guard);
}

static inline void settle(self_t self)
{
    cc_smr_barrier(self);
}

#elif defined(CONTESTANT_ck)
#include <string.h>

#include <ck_epoch.h>

/* Between two looks whether something can be freed; the fastest of 16, 64, 256 and 1024. */
enum { POLL_STEP = 64 };

struct thread {
    ck_epoch_record_t record;
    unsigned          retired;
};

typedef struct thread *self_t;
typedef struct thread *guard_t;

struct item {
    ck_epoch_entry_t entry;
    uint64_t         value;
    char             rest[ITEM_BYTES - sizeof(ck_epoch_entry_t) - sizeof(uint64_t)];
};

static ck_epoch_t              epoch;
static __thread struct thread *mine;

static inline void scheme_begin(void)
{
    ck_epoch_init(&epoch);
}

static inline self_t scheme_self(void)
{
    if (!mine) {
        mine = checked(aligned_alloc(128, (sizeof *mine + 127) / 128 * 128));
        memset(mine, 0, sizeof *mine);
        ck_epoch_register(&epoch, &mine->record, NULL);
    }
    return mine;
}

static inline guard_t enter(self_t self)
{
    ck_epoch_begin(&self->record, NULL);
    return self;
}

static inline struct item *item_read(guard_t guard, struct item **slot)
{
    (void)guard;
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline struct item *item_alloc(guard_t guard)
{
    (void)guard;
    return checked(cc_alloc_node(sizeof(struct item)));
}

static void item_free(ck_epoch_entry_t *entry)
{
    count_freed();
    cc_free_node(entry, sizeof(struct item));
}

static inline void leave(self_t self, guard_t guard)
{
    (void)guard;
    ck_epoch_end(&self->record, NULL);
}

static inline void retire(self_t self, guard_t guard, struct item *item)
{
    ck_epoch_call(&self->record, &item->entry, item_free);
    leave(self, guard);
    if (++self->retired % POLL_STEP == 0)
        ck_epoch_poll(&self->record);
}

static inline void settle(self_t self)
{
    ck_epoch_barrier(&self->record);
}

#elif defined(CONTESTANT_memb) || defined(CONTESTANT_memb_defer)
#define _LGPL_SOURCE /* its read side inline */
#define URCU_API_MAP /* rcu_ is urcu_memb_ */
#include <urcu/urcu-memb.h>
#include <urcu/defer.h>

typedef int self_t;
typedef int guard_t;

struct item {
    struct rcu_head head;
    uint64_t        value;
    char            rest[ITEM_BYTES - sizeof(struct rcu_head) - sizeof(uint64_t)];
};

static __thread int is_registered;

#if defined(CONTESTANT_memb_defer)
#include <pthread.h>

static pthread_key_t at_end; /* of a thread; that of main ends by exit */

static void forget(void *unused)
{
    (void)unused;
    if (is_registered)
        rcu_defer_unregister_thread();
}

static void forget_main(void)
{
    forget(NULL);
}

static inline void scheme_begin(void)
{
    rcu_init();
    if (pthread_key_create(&at_end, forget) || atexit(forget_main))
        ccbench_fail("liburcu", "no memory");
}

static inline void scheme_register(void)
{
    rcu_register_thread();
    if (rcu_defer_register_thread() || pthread_setspecific(at_end, &is_registered))
        ccbench_fail("liburcu", "no memory");
}
#else
static inline void scheme_begin(void)
{
    rcu_init();
}

static inline void scheme_register(void)
{
    rcu_register_thread();
}
#endif

static inline self_t scheme_self(void)
{
    if (!is_registered) {
        is_registered = 1;
        scheme_register();
    }
    return 0;
}

static inline guard_t enter(self_t self)
{
    rcu_read_lock();
    return self;
}

static inline struct item *item_read(guard_t guard, struct item **slot)
{
    (void)guard;
    return rcu_dereference(*slot);
}

static inline struct item *item_alloc(guard_t guard)
{
    (void)guard;
    return checked(cc_alloc_node(sizeof(struct item)));
}

static inline void leave(self_t self, guard_t guard)
{
    (void)self;
    (void)guard;
    rcu_read_unlock();
}

#if defined(CONTESTANT_memb_defer)
static void item_free(void *item)
{
    count_freed();
    cc_free_node(item, sizeof(struct item));
}

/* It may wait for readers, and so for this section. */
static inline void retire(self_t self, guard_t guard, struct item *item)
{
    leave(self, guard);
    defer_rcu(item_free, item);
}

static inline void settle(self_t self)
{
    (void)self;
    rcu_defer_barrier();
}
#else
static void item_free(struct rcu_head *head)
{
    count_freed();
    cc_free_node(head, sizeof(struct item));
}

static inline void retire(self_t self, guard_t guard, struct item *item)
{
    call_rcu(&item->head, item_free);
    leave(self, guard);
}

static inline void settle(self_t self)
{
    (void)self;
    rcu_barrier();
}
#endif

#elif defined(CONTESTANT_bare)
/* No readers, and so nothing to wait for: the two calls of the allocator. */
typedef int self_t;
typedef int guard_t;

struct item {
    uint64_t value;
    char     rest[ITEM_BYTES - sizeof(uint64_t)];
};

static inline void scheme_begin(void)
{
}

static inline self_t scheme_self(void)
{
    return 0;
}

static inline guard_t enter(self_t self)
{
    return self;
}

static inline struct item *item_read(guard_t guard, struct item **slot)
{
    (void)guard;
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline struct item *item_alloc(guard_t guard)
{
    (void)guard;
    return checked(cc_alloc_node(sizeof(struct item)));
}

static inline void leave(self_t self, guard_t guard)
{
    (void)self;
    (void)guard;
}

static inline void retire(self_t self, guard_t guard, struct item *item)
{
    leave(self, guard);
    count_freed();
    cc_free_node(item, sizeof *item);
}

static inline void settle(self_t self)
{
    (void)self;
}

#elif !defined(CONTESTANT_crossbeam)
#error "which contestant?"
#endif

#endif
