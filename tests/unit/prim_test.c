/* SPDX-License-Identifier: MIT */
/* What the recorder asks of the system: modules and their build-ids, stack bounds, clocks,
 * futexes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "prim/clock.h"
#include "prim/futex.h"
#include "prim/module.h"
#include "prim/stack_bounds.h"

/* ---- modules ---- */

static void find(const void *inside, cci_module_t *m)
{
    assert_true(cci_module_find((uintptr_t)inside, m));
    assert_true((uintptr_t)inside >= m->start && (uintptr_t)inside < m->end);
    assert_memory_equal((void *)m->start, ELFMAG, SELFMAG);
    assert_non_null(m->eh_frame_hdr);
}

static void test_modules(void **state)
{
    cci_module_t m;
    void        *generated = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    find((void *)(uintptr_t)test_modules, &m);
    assert_string_equal(m.path, "");
    find(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &m);
    assert_non_null(strstr(m.path, "libc.so.6"));
    assert_false(cci_module_find((uintptr_t)generated, &m));
    assert_false(cci_module_find(0, &m));
    assert_false(cci_module_find(UINTPTR_MAX, &m));
    munmap(generated, 4096);
}

/* As the loader tells it. */
static int check_build_id(struct dl_phdr_info *info, size_t size, void *checked)
{
    cci_module_t m = { .build_id_len = 99 };

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_X))
            continue;
        assert_true(cci_module_find(info->dlpi_addr + ph->p_vaddr, &m));
        assert_true(m.bias == info->dlpi_addr);
        cci_module_read_build_id(&m);
        ++*(unsigned *)checked;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        const uint8_t *note  = (const uint8_t *)(info->dlpi_addr + ph->p_vaddr);
        if (ph->p_type == PT_NOTE && ((const ElfW(Nhdr) *)note)->n_type == NT_GNU_BUILD_ID) {
            assert_ptr_equal(m.build_id, note + sizeof(ElfW(Nhdr)) + 4);
            assert_int_equal(m.build_id_len, ((const ElfW(Nhdr) *)note)->n_descsz);
        }
    }
    return 0;
}

static void test_build_ids(void **state)
{
    unsigned checked = 0;

    (void)state;
    dl_iterate_phdr(check_build_id, &checked);
    assert_true(checked >= 3);
}

/* A made-up file in memory: notes of every length, also longer than there is. */
static void test_damaged_notes(void **state)
{
    static _Alignas(8) uint8_t file[4096];
    ElfW(Ehdr) *eh = (ElfW(Ehdr) *)file;
    ElfW(Phdr) *ph = (ElfW(Phdr) *)(eh + 1);
    ElfW(Nhdr) *n  = (ElfW(Nhdr) *)(file + 512);

    (void)state;
    memcpy(eh->e_ident, ELFMAG, SELFMAG);
    *ph             = (ElfW(Phdr)){ .p_type = PT_NOTE, .p_vaddr = 512, .p_memsz = 64 };
    eh->e_phoff     = sizeof *eh;
    eh->e_phentsize = sizeof *ph;
    eh->e_phnum     = 1;
    cci_module_t m  = { .start = (uintptr_t)file,
                        .end   = (uintptr_t)file + sizeof file,
                        .bias  = (uintptr_t)file };
    memcpy(n + 1, "GNU", 4);
    n->n_type = NT_GNU_BUILD_ID;
    for (unsigned name = 0; name < 9; name++)
        for (unsigned desc = 0; desc < 70; desc++) {
            n->n_namesz = name;
            n->n_descsz = desc;
            cci_module_read_build_id(&m);
            bool fits = name == 4 && desc <= 64 - sizeof *n - 4;
            assert_true((m.build_id != NULL) == fits && m.build_id_len == (fits ? desc : 0));
        }
    n->n_namesz = 4;
    n->n_descsz = UINT32_MAX;
    cci_module_read_build_id(&m);
    assert_null(m.build_id);
    n->n_descsz = 20;
    eh->e_phnum = 200; /* beyond the first page */
    cci_module_read_build_id(&m);
    assert_null(m.build_id);
    eh->e_phnum = 1;
    ph->p_memsz = sizeof file;
    cci_module_read_build_id(&m);
    assert_null(m.build_id);
}

/* ---- stacks ---- */

static bool holds(const cci_stack_bounds_t *b, const void *p)
{
    return cci_stack_holds(b, (uintptr_t)p & ~(uintptr_t)7);
}

static void *check_thread(void *in_main)
{
    cci_stack_bounds_t b = cci_stack_bounds_own();
    return holds(&b, __builtin_frame_address(0)) && !holds(&b, in_main) ? in_main : NULL;
}

static void test_bounds(void **state)
{
    cci_stack_bounds_t b     = cci_stack_bounds_own();
    void              *frame = __builtin_frame_address(0);
    pthread_t          thread;
    void              *result;

    (void)state;
    assert_true(holds(&b, frame));
    assert_true(holds(&b, getenv("PATH")));
    assert_false(holds(&b, (void *)(uintptr_t)test_bounds));
    assert_int_equal(pthread_create(&thread, NULL, check_thread, frame), 0);
    pthread_join(thread, &result);
    assert_ptr_equal(result, frame);
}

/* A limit that was raised later does not make other mappings a part of the stack. */
static void test_bounds_of_a_raised_limit(void **state)
{
    struct rlimit was, raised;

    (void)state;
    getrlimit(RLIMIT_STACK, &was);
    raised          = was;
    raised.rlim_cur = raised.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_STACK, &raised), 0);
    cci_stack_bounds_t b = cci_stack_bounds_own();
    assert_int_equal(setrlimit(RLIMIT_STACK, &was), 0);
    assert_true(holds(&b, __builtin_frame_address(0)));
    assert_true(b.high - b.low <= 128u << 20);
    for (int i = 0; i < 50; i++) {
        void *p = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_false(holds(&b, p));
        munmap(p, 1 << 20);
    }
}

static void test_probe(void **state)
{
    enum { PAGE = 4096 };
    uint8_t *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_int_equal(mprotect(p + 2 * PAGE, PAGE, PROT_NONE), 0);
    cci_stack_bounds_t b = cci_stack_bounds_probe((uintptr_t)p + 100);
    assert_true(b.low == (uintptr_t)p && b.high == (uintptr_t)p + 2 * PAGE);
    b = cci_stack_bounds_probe((uintptr_t)p + 2 * PAGE - 8);
    assert_true(b.low == (uintptr_t)p + PAGE && b.high == (uintptr_t)p + 2 * PAGE);
    b = cci_stack_bounds_probe((uintptr_t)p + 3 * PAGE);
    assert_true(b.high == (uintptr_t)p + 7 * PAGE); /* no further, so that it costs little */
    munmap(p, 8 * PAGE);
}

/* ---- time ---- */

static void test_clock(void **state)
{
    cci_clock_kind_t kind   = cci_clock_choose();
    uint64_t         before = cci_clock_ticks(kind);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t now = cci_clock_ticks(kind);
        assert_true(now >= before);
        before = now;
    }
    cci_clock_pair_t a = cci_clock_pair(CCI_CLOCK_MONOTONIC), b = cci_clock_pair(kind);
    assert_true(a.ticks == a.mono_ns && b.mono_ns >= a.mono_ns && b.ticks >= before);
    assert_true(cci_clock_shift(kind) < 16);
}

static void test_futex(void **state)
{
    _Atomic uint32_t word = 5;

    (void)state;
    assert_true(cci_futex_wait(&word, 4, 10000));
    uint64_t start = cci_clock_ns(CLOCK_MONOTONIC);
    assert_false(cci_futex_wait(&word, 5, 20));
    assert_true(cci_clock_ns(CLOCK_MONOTONIC) - start >= 20000000);
    cci_futex_post(&word);
    assert_int_equal(word, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_build_ids),
        cmocka_unit_test(test_damaged_notes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bounds_of_a_raised_limit),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_futex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
