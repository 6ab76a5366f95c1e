/* SPDX-License-Identifier: MIT */
/* test_backend.h - a backend that counts, refuses when told to, and is no better than it must be.
 *
 * It does what ccmem/backend.h asks for and nothing more: blocks below 16 bytes are aligned to 8,
 * others to 16, never by chance to more; fresh ones are full of 0xA5, and from 16 bytes on begin
 * with a number that grows from one to the next. It knows its blocks: one
 * that is not its own, or no longer, ends the process, be it freed or asked about. An irregular one
 * gives 16 bytes more at times, as glibc does, and says so.
 *
 * Example:
 *   test_backend_use(false); // before the first use of cc_alloc
 *   test_backend_refuse(2, 1);
 *   ...
 *   assert_int_equal(test_backend.live, 0);
 *
 * Threads  any.
 */
#ifndef TEST_TEST_BACKEND_H
#define TEST_TEST_BACKEND_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <ccmem/backend.h>

extern struct test_backend {
    _Atomic size_t asked;  /* requests for memory, refused ones too */
    _Atomic size_t served; /* those that were not refused */
    _Atomic size_t freed;  /* blocks */
    _Atomic size_t live;   /* blocks */
    _Atomic size_t live_bytes;
    _Atomic size_t trims;
} test_backend;

/* Let cc_alloc serve from it, with arrays in every kind of build unless the environment says
 * otherwise; ends the process when that is not possible. */
void test_backend_use(bool irregular);

/* The same backend as a table. */
const cc_backend_t *test_backend_table(bool irregular);

/* Refuse so many requests, the first after the next `after` ones; SIZE_MAX: all that come. count 0:
 * none. */
void test_backend_refuse(size_t after, size_t count);

#endif
