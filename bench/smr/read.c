/* SPDX-License-Identifier: MIT */
/* read.c - sections that read: what entering and leaving costs, and each read in between.
 *
 * Nothing is retired, so that the eras of a scheme stand still: what is measured is what a reader pays
 * in the common case. 64 items in turn keep the loads apart without leaving the cache.
 */
#include "schemes.h"

enum { SLOTS = 64, MANY = 20 };

#if defined(CONTESTANT_crossbeam)
void crossbeam_enter(uint64_t ops);
void crossbeam_read_1(uint64_t ops);
void crossbeam_read_20(uint64_t ops);
void crossbeam_begin(void);

#define begin      crossbeam_begin
#define enter_only crossbeam_enter
#define read_one   crossbeam_read_1
#define read_many  crossbeam_read_20
#else
static struct item *slots[SLOTS] __attribute__((aligned(64)));

static void begin(void)
{
    scheme_begin();
    self_t  self  = scheme_self();
    guard_t guard = enter(self);

    for (unsigned i = 0; i < SLOTS; i++) {
        slots[i]        = item_alloc(guard);
        slots[i]->value = i;
    }
    leave(self, guard);
}

static void enter_only(uint64_t ops)
{
    self_t self = scheme_self();

    for (uint64_t i = 0; i < ops; i++) {
        guard_t guard = enter(self);
        ccbench_use(i);
        leave(self, guard);
    }
}

static inline void read_in_sections(uint64_t ops, unsigned reads)
{
    self_t self = scheme_self();

    for (uint64_t i = 0; i < ops; i++) {
        guard_t guard = enter(self);
        for (unsigned k = 0; k < reads; k++)
            ccbench_use(item_read(guard, &slots[(i + k) % SLOTS])->value);
        leave(self, guard);
    }
}

static void read_one(uint64_t ops)
{
    read_in_sections(ops, 1);
}

static void read_many(uint64_t ops)
{
    read_in_sections(ops, MANY);
}
#endif

static const ccbench_case_t cases[] = {
    { "enter", "a section begins and ends", begin, enter_only, NULL },
    { "read-1", "a section with one read", begin, read_one, NULL },
    { "read-20", "a section with 20 reads", begin, read_many, NULL },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
