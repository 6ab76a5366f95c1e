/* SPDX-License-Identifier: MIT */
/* Steps that cannot be made: whatever the registers hold, nothing outside the stack is read, and
 * the frame stays as it was. What a step says of itself. The cache of rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "prim/unwind.h"

enum { PAGE = 4096, WORDS = PAGE / sizeof(uintptr_t) };

/* Code in no file: frames are found by rbp. */
static const uintptr_t generated = 0x10000;

static cci_unwind_cache_t cache;
static uintptr_t         *page; /* with nothing mapped before and behind */
static cci_stack_bounds_t bounds;

static int map_page(void **state)
{
    (void)state;
    uint8_t *p = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED && mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    page   = (uintptr_t *)(p + PAGE);
    bounds = (cci_stack_bounds_t){ (uintptr_t)page, (uintptr_t)(page + WORDS) };
    return 0;
}

static int unmap_page(void **state)
{
    (void)state;
    return munmap((uint8_t *)page - PAGE, 3 * PAGE);
}

static uintptr_t word(size_t i)
{
    return (uintptr_t)&page[i];
}

static bool step_from(uintptr_t sp, uintptr_t bp, cci_frame_t *f, cci_unwind_step_t *step)
{
    *f = (cci_frame_t){ .pc = generated + 1, .sp = sp, .bp = bp };
    return cci_unwind_step(&cache, &bounds, f, step);
}

static void refuse(uintptr_t sp, uintptr_t bp, bool open_end)
{
    cci_frame_t       f;
    cci_unwind_step_t step;

    assert_false(step_from(sp, bp, &f, &step));
    assert_true(f.pc == generated + 1 && f.sp == sp && f.bp == bp);
    assert_true(step.open_end == open_end);
}

static void test_a_frame_pointer_is_followed(void **state)
{
    cci_frame_t       f;
    cci_unwind_step_t step;

    (void)state;
    page[10] = 0x77;
    page[11] = 0x5555;
    assert_true(step_from(word(2), word(10), &f, &step));
    assert_true(f.pc == 0x5555 && f.sp == word(12) && f.bp == 0x77);
    assert_true(step.needs_bp && !step.interrupted && !step.open_end);
    assert_true(step.bp_slot == word(10) && step.cfa_slot == 0);
}

static void test_no_bad_frame_pointer_is_followed(void **state)
{
    const uintptr_t bad[] = { 0,
                              1,
                              8,
                              PAGE - 1,
                              word(0) - PAGE,
                              word(0) - 8,
                              word(0) - 16,
                              word(0) - 1,
                              word(3) + 1,
                              word(3) + 4,
                              word(WORDS) - 8,
                              word(WORDS),
                              word(WORDS) + PAGE,
                              UINTPTR_MAX,
                              UINTPTR_MAX - 7,
                              UINTPTR_MAX - 15,
                              UINTPTR_MAX - 16,
                              INTPTR_MAX,
                              (uintptr_t)INTPTR_MIN };

    (void)state;
    memset(page, 0x55, PAGE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(word(0), bad[i], false);
    /* On the stack, but below what is in use. */
    refuse(word(100), word(50), false);
    refuse(word(100), word(98), false);
}

static void test_a_word_ends_the_walk(void **state)
{
    (void)state;
    page[10] = 0x77;
    for (uintptr_t pc = 0; pc < PAGE; pc += PAGE - 1) {
        page[11] = pc;
        refuse(word(2), word(10), true);
    }
}

/* CFA = *(rbp - 8), and rbp saved at rbp, as gcc has it for a frame that it aligns. */
static void test_realigned_frame(void **state)
{
    cci_unwind_rule_t *rule = (cci_unwind_rule_t *)cci_unwind_lookup(&cache, generated);
    cci_frame_t        f;
    cci_unwind_step_t  step;

    (void)state;
    rule->cfa        = CCI_CFA_BP_DEREF;
    rule->cfa_offset = -8;
    rule->bp         = CCI_BP_AT_BP;
    rule->bp_offset  = 0;
    page[19]         = word(40);
    page[20]         = 0x77;
    page[39]         = 0x5555;
    assert_true(step_from(word(2), word(20), &f, &step));
    assert_true(f.pc == 0x5555 && f.sp == word(40) && f.bp == 0x77);
    assert_true(step.needs_bp && step.cfa_slot == word(19) && step.bp_slot == word(20));

    refuse(word(20), word(20), false); /* the slot is below what is in use */
    refuse(word(2), word(0), false);
    refuse(word(2), word(WORDS) + 8, false);
    page[19] = word(2); /* leads inward */
    refuse(word(2), word(20), true);
    page[19] = word(WORDS) + 8;
    refuse(word(2), word(20), true);

    rule->cfa        = CCI_CFA_SP; /* found without rbp, which was saved below what is in use */
    rule->cfa_offset = 16;
    refuse(word(38), word(20), false);
    *rule = cci_unwind_rule_at(generated);
}

/* Only what is wholly on the stack is a signal frame. */
static void test_signal_frame(void **state)
{
    const size_t      size = offsetof(ucontext_t, uc_mcontext) + sizeof(mcontext_t);
    const uintptr_t   last = (word(WORDS) - size) & ~(uintptr_t)7;
    cci_frame_t       f    = { .pc = generated, .sp = last };
    const cci_frame_t was  = { .pc = generated, .sp = last + 8 };

    (void)state;
    memset(page, 0, PAGE);
#if defined(__x86_64__)
    greg_t *regs  = ((ucontext_t *)last)->uc_mcontext.gregs;
    regs[REG_RIP] = 0x5555;
    regs[REG_RSP] = 0x6666;
    regs[REG_RBP] = 0x7777;
    assert_true(cci_unwind_signal_frame(&f, &bounds));
    assert_true(f.pc == 0x5556 && f.sp == 0x6666 && f.bp == 0x7777);
#endif
    f = was;
    assert_false(cci_unwind_signal_frame(&f, &bounds));
    assert_memory_equal(&f, &was, sizeof f);
}

/* More sites than the cache has room for: the rule is always that of the site. */
static void test_cache(void **state)
{
    const uintptr_t first = (uintptr_t)memcpy & ~(uintptr_t)0xffff;

    (void)state;
    for (int times = 0; times < 2; times++)
        for (uintptr_t site = first; site < first + 0x10000; site += 3) {
            cci_unwind_rule_t at = cci_unwind_rule_at(site);
            assert_memory_equal(cci_unwind_lookup(&cache, site), &at, sizeof at);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_pointer_is_followed),
        cmocka_unit_test(test_no_bad_frame_pointer_is_followed),
        cmocka_unit_test(test_a_word_ends_the_walk),
        cmocka_unit_test(test_realigned_frame),
        cmocka_unit_test(test_signal_frame),
        cmocka_unit_test(test_cache),
    };
    return cmocka_run_group_tests(tests, map_page, unmap_page);
}
