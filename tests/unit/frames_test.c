/* SPDX-License-Identifier: MIT */
/* What is left of a stack without the frames that are not the program's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/frames.h"

#define LIBC    "/usr/lib/libc.so.6"
#define LOADER  "/usr/lib/ld-linux-x86-64.so.2"
#define PROGRAM "/usr/bin/program"

enum { FRAMES_MAX = 8 };

/* Frames innermost first: {function, module}, up to one of no module. */
typedef struct stack {
    const char *frame[FRAMES_MAX][2];
} stack_t;

/* The trimmed stack begins at frame `first` and has `count` frames. */
static void expect(stack_t s, size_t first, size_t count)
{
    cci_frame_t frame[FRAMES_MAX] = { 0 };
    cci_stack_t whole             = { frame, 0 };

    for (; whole.count < FRAMES_MAX && s.frame[whole.count][1]; whole.count++) {
        frame[whole.count].function = s.frame[whole.count][0];
        frame[whole.count].module   = s.frame[whole.count][1];
    }
    cci_stack_t trimmed = cci_stack_trimmed(whole);
    assert_int_equal(trimmed.frame - frame, first);
    assert_int_equal(trimmed.count, count);
}

static void test_how_a_program_starts(void **state)
{
    (void)state;
    expect((stack_t){ { { "f", PROGRAM },
                        { "main", PROGRAM },
                        { "__libc_start_main", LIBC },
                        { "_start", PROGRAM } } },
           0, 2);
    expect((stack_t){ { { "main", PROGRAM },
                        { NULL, LIBC },
                        { "__libc_start_main", LIBC },
                        { "_start", PROGRAM } } },
           0, 1);
    expect(
        (stack_t){ { { "init", PROGRAM }, { "call_init", LOADER }, { "_dl_start_user", LOADER } } },
        0, 2);
    expect((stack_t){ { { "work", PROGRAM }, { "start_thread", LIBC }, { "clone3", LIBC } } }, 0,
           1);
}

/* The library's headers may lie anywhere; a function is not the allocator's by its name alone. */
static void test_what_is_inlined_of_the_library(void **state)
{
    cci_frame_t frame[] = {
        { .function = "cc_heap_pop_",
          .file     = "/usr/include/ccmem/alloc_inline.h",
          .inlined  = true },
        { .function = "cc_alloc", .file = "ccmem/alloc_inline.h", .inlined = true },
        { .function = "cc_allocator_alloc", .file = "x/ccmem/allocator.h", .inlined = true },
        { .function = "cc_alloc_mine", .file = "/src/ccmem/alloc_mine.h", .inlined = true },
        { .function = "main", .file = "/src/main.c" },
    };
    cci_stack_t trimmed = cci_stack_trimmed((cci_stack_t){ frame, 5 });

    (void)state;
    assert_ptr_equal(trimmed.frame, &frame[3]);
    assert_int_equal(trimmed.count, 2);
}

/* Neither has the program's own functions, then. */
static void test_how_a_stripped_program_starts(void **state)
{
    (void)state;
    expect((stack_t){ { { NULL, PROGRAM },
                        { NULL, PROGRAM },
                        { NULL, LIBC },
                        { "__libc_start_main", LIBC },
                        { NULL, PROGRAM } } },
           0, 2);
    expect((stack_t){ { { NULL, PROGRAM }, { "__libc_start_main", LIBC }, { NULL, PROGRAM } } }, 0,
           1);
}

/* A function without a name that calls something of libc's is no _start. */
static void test_others_without_a_name_stay(void **state)
{
    (void)state;
    expect((stack_t){ { { "compare", PROGRAM }, { "qsort", LIBC }, { NULL, PROGRAM } } }, 0, 3);
    expect((stack_t){ { { "compare", PROGRAM }, { NULL, LIBC }, { NULL, PROGRAM } } }, 0, 3);
    expect((stack_t){ { { NULL, PROGRAM }, { NULL, PROGRAM }, { NULL, PROGRAM } } }, 0, 3);
    expect((stack_t){ { { "main", PROGRAM },
                        { "__libc_start_main", LIBC },
                        { "enter_by_another_door", PROGRAM } } },
           0, 3);
    expect((stack_t){ { { "f", PROGRAM }, { "start_thread", PROGRAM }, { NULL, PROGRAM } } }, 0, 3);
}

static void test_how_malloc_is_called(void **state)
{
    (void)state;
    expect((stack_t){ { { "operator new(unsigned long)", "/usr/lib/libstdc++.so.6" },
                        { "std::allocator<int>::allocate(unsigned long)", PROGRAM },
                        { "f", PROGRAM } } },
           2, 1);
    expect(
        (stack_t){
            { { "__rust_alloc", PROGRAM }, { "alloc::alloc::alloc", PROGRAM }, { "f", PROGRAM } } },
        2, 1);
    expect((stack_t){ { { "f", PROGRAM }, { "operator new(unsigned long)", PROGRAM } } }, 0, 2);
}

static void test_something_is_left(void **state)
{
    (void)state;
    expect((stack_t){ { { NULL, NULL } } }, 0, 0);
    expect((stack_t){ { { "_start", PROGRAM } } }, 0, 1);
    expect((stack_t){ { { "__libc_start_main", LIBC }, { NULL, PROGRAM } } }, 0, 1);
    expect((stack_t){ { { "operator new(unsigned long)", PROGRAM }, { "_start", PROGRAM } } }, 0,
           1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_inlined_of_the_library),
        cmocka_unit_test(test_how_a_program_starts),
        cmocka_unit_test(test_how_a_stripped_program_starts),
        cmocka_unit_test(test_others_without_a_name_stay),
        cmocka_unit_test(test_how_malloc_is_called),
        cmocka_unit_test(test_something_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
