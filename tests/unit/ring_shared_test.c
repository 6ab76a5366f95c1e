/* SPDX-License-Identifier: MIT */
/* Rings in shared memory: laid out, attached, taken over, and full of nonsense. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ccmem/ring.h>

#include "base/random.h"

enum { HEAD = CC_RING_SHARED_HEAD, ROOM = 256, FRONT = 64 };

/* As the source has them, for a process that does not keep to it. */
enum { CAPACITY = 8, FLAGS = 16, WRITTEN = 128, OLDEST = 136, READ = 256 };

/* Behind the ring is nothing that could be read, and in front are bytes that nobody may change. */
static unsigned char *memory;

static int map_memory(void **state)
{
    const size_t   page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *p =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    if (p == MAP_FAILED || mprotect(p + page, page, PROT_NONE) != 0)
        return -1;
    memory = p + page - HEAD - ROOM;
    memset(memory - FRONT, 0xee, FRONT);
    return 0;
}

static void check_front(void)
{
    for (int i = 1; i <= FRONT; i++)
        assert_int_equal(memory[-i], 0xee);
}

static uint64_t *word(size_t at)
{
    return (uint64_t *)(void *)(memory + at);
}

static void lay_out(cc_ring_t *ring, unsigned flags)
{
    assert_int_equal(cc_ring_init_shared(ring, memory, HEAD + ROOM, flags), CC_RESULT_OK);
}

static void attach(cc_ring_t *ring)
{
    assert_int_equal(cc_ring_attach(ring, memory, HEAD + ROOM), CC_RESULT_OK);
}

static void test_what_cannot_be_shared(void **state)
{
    cc_ring_t ring;

    (void)state;
    assert_int_equal(cc_ring_init_shared(&ring, NULL, 4096, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_shared(&ring, memory + 8, ROOM, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_shared(&ring, memory, HEAD + 15, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_shared(&ring, memory, 0, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_shared(&ring, memory, HEAD + ROOM, CC_RING_MIRRORED),
                     CC_RESULT_INVALID);
    assert_int_equal(cc_ring_attach(&ring, memory, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_file(&ring, 0, 0, &(int){ 0 }), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_file(&ring, SIZE_MAX, 0, &(int){ 0 }), CC_RESULT_INVALID);
}

static void test_the_largest_power_of_two_fits(void **state)
{
    cc_ring_t ring;

    (void)state;
    for (size_t room = 16; room <= ROOM; room++) {
        assert_int_equal(cc_ring_init_shared(&ring, memory, HEAD + room, 0), CC_RESULT_OK);
        const size_t capacity = cc_ring_stats(&ring).capacity;
        assert_true(capacity <= room && room < 2 * capacity);
    }
}

static void test_two_places_one_ring(void **state)
{
    cc_ring_t writer, reader;
    char      out[ROOM];
    size_t    n;

    (void)state;
    lay_out(&writer, 0);
    attach(&reader);
    for (int i = 0; i < 100; i++) {
        assert_true(cc_ring_try_write_record(&writer, &i, sizeof i));
        assert_int_equal(cc_ring_read_record(&reader, out, sizeof out, &n), CC_RESULT_OK);
        assert_memory_equal(out, &i, sizeof i);
    }
    cc_ring_fini(&reader);
    cc_ring_fini(&writer);
}

static void test_another_takes_over(void **state)
{
    cc_ring_t first, second;
    char      out[4];

    (void)state;
    lay_out(&first, 0);
    assert_true(cc_ring_try_write(&first, "abcdef", 6));
    assert_true(cc_ring_try_advance(&first, 2));
    attach(&second); /* the first one is no more */
    assert_true(cc_ring_try_write(&second, "gh", 2));
    assert_int_equal(cc_ring_stats(&second).used, 6);
    assert_true(cc_ring_try_read(&second, out, 4));
    assert_memory_equal(out, "cdef", 4);
}

static void test_what_is_no_ring(void **state)
{
    static const struct {
        size_t   at;
        uint64_t value;
    } wrong[] = { { 0, 0 },
                  { CAPACITY, 0 },
                  { CAPACITY, 8 },
                  { CAPACITY, 24 },
                  { CAPACITY, 512 },
                  { CAPACITY, UINT64_MAX },
                  { FLAGS, 8 },
                  { FLAGS, CC_RING_MIRRORED },
                  { WRITTEN, 257 },
                  { READ, 1 },
                  { READ, UINT64_MAX - ROOM } };
    cc_ring_t ring;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lay_out(&ring, 0);
        *word(wrong[i].at) = wrong[i].value;
        assert_int_equal(cc_ring_attach(&ring, memory, HEAD + ROOM), CC_RESULT_DAMAGED);
    }
    lay_out(&ring, 0);
    assert_int_equal(cc_ring_attach(&ring, memory, HEAD + ROOM - 1), CC_RESULT_DAMAGED);
}

/* A position that cannot be changes nothing, and one that can be heals. */
static void test_written_positions_that_cannot_be(void **state)
{
    static const uint64_t wrong[] = { 99, 101 + ROOM, 0, UINT64_MAX, UINT64_C(1) << 63 };
    cc_ring_t             ring;
    char                  out[ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lay_out(&ring, 0);
        assert_true(cc_ring_try_write(&ring, memory, 100));
        assert_true(cc_ring_try_advance(&ring, 100));
        *word(WRITTEN) = wrong[i];
        assert_false(cc_ring_try_read(&ring, out, 1));
        assert_true(cc_ring_stats(&ring).damaged);
        *word(WRITTEN) = 110;
        assert_int_equal(cc_ring_read(&ring, out, sizeof out), 10);
    }
}

static void test_read_positions_that_cannot_be(void **state)
{
    static const uint64_t wrong[] = { 9, ROOM + 11, UINT64_MAX, UINT64_C(1) << 63 };
    cc_ring_t             ring;
    char                  data[ROOM] = "";

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lay_out(&ring, 0);
        assert_true(cc_ring_try_write(&ring, data, ROOM));
        *word(READ) = 10;
        assert_int_equal(cc_ring_write(&ring, data, ROOM), 10);
        *word(READ) = wrong[i];
        assert_false(cc_ring_try_write(&ring, data, 1));
        assert_true(cc_ring_stats(&ring).damaged);
        *word(READ) = ROOM;
        assert_int_equal(cc_ring_write(&ring, data, ROOM), ROOM - 10);
    }
}

static void expect_no_record(cc_ring_t *ring)
{
    size_t n = 99;
    char   out[ROOM];

    assert_int_equal(cc_ring_read_record(ring, out, sizeof out, &n), CC_RESULT_DAMAGED);
    assert_int_equal(n, 99);
    assert_true(cc_ring_stats(ring).damaged);
}

static void test_records_that_cannot_be(void **state)
{
    static const uint64_t wrong[] = { 1,          9,        ROOM / 2 - 7,   ROOM,
                                      UINT64_MAX, 1u << 31, UINT64_MAX - 1, UINT64_MAX - 7 };
    cc_ring_t             ring;
    size_t                n;
    char                  out[ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (unsigned flags = 0; flags <= CC_RING_OVERWRITE; flags += CC_RING_OVERWRITE) {
            lay_out(&ring, flags);
            assert_true(cc_ring_try_write_record(&ring, "", 0));
            *word(HEAD) = wrong[i];
            expect_no_record(&ring);
            *word(HEAD) = 0;
            assert_int_equal(cc_ring_read_record(&ring, out, sizeof out, &n), CC_RESULT_OK);
        }
}

/* A record that would go past the end, and a gap that nothing follows. */
static void test_records_at_the_end(void **state)
{
    static const uint64_t wrong[] = { 100, UINT64_MAX };
    cc_ring_t             ring;
    char                  data[ROOM] = "";

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lay_out(&ring, 0);
        assert_true(cc_ring_try_write(&ring, data, ROOM - 64));
        assert_true(cc_ring_try_advance(&ring, ROOM - 64));
        assert_true(cc_ring_try_write(&ring, data, i == 0 ? 120 : 64));
        *word(HEAD + ROOM - 64) = wrong[i];
        expect_no_record(&ring);
    }
}

/* Positions between words, where a header would go past the end. */
static void test_records_between_words(void **state)
{
    cc_ring_t ring;
    char      data[ROOM] = "";

    (void)state;
    for (unsigned flags = 0; flags <= CC_RING_OVERWRITE; flags += CC_RING_OVERWRITE) {
        lay_out(&ring, flags);
        assert_true(cc_ring_try_write(&ring, data, ROOM - 4));
        assert_true(cc_ring_try_advance(&ring, ROOM - 4));
        assert_true(cc_ring_try_write(&ring, data, 64));
        expect_no_record(&ring);
        assert_true(cc_ring_try_advance(&ring, 64));
        assert_false(cc_ring_try_write_record(&ring, data, 8));
    }
    lay_out(&ring, CC_RING_OVERWRITE); /* the oldest position is between words */
    *word(WRITTEN) = 2 * (ROOM - 4);
    *word(OLDEST)  = ROOM - 4;
    attach(&ring);
    assert_true(cc_ring_try_write_record(&ring, data, 64));
    assert_int_equal(*word(OLDEST), 2 * (ROOM - 4));
}

/* One call, whatever is in the memory. Nothing is expected of it but that it comes back. */
static void call_something(cc_ring_t *ring, uint64_t *random, char *data)
{
    const uint64_t r    = cci_random_next(random);
    const size_t   size = r >> 8 & 127;
    size_t         n    = 0;
    const void    *view;

    switch (r & 7) {
    case 0:
        cc_ring_write(ring, data, size);
        break;
    case 1:
        cc_ring_read(ring, data, size);
        break;
    case 2:
        (void)!cc_ring_try_write_record(ring, data, size);
        break;
    case 3:
        (void)!cc_ring_read_record(ring, data, ROOM, &n);
        break;
    case 4:
        cc_ring_reset(ring);
        break;
    case 5:
        (void)!cc_ring_try_read(ring, data, size);
        break;
    case 6:
        n    = 0;
        view = ring->flags & CC_RING_OVERWRITE ? NULL : cc_ring_view_record(ring, &n);
        if (view)
            memcpy(data, view, n);
        break;
    default:
        cc_ring_stats(ring);
    }
}

/* A random word of the memory becomes something near, or nothing like it. */
static void spoil(uint64_t *random)
{
    static const size_t at[] = { WRITTEN, OLDEST, READ };
    const uint64_t      r    = cci_random_next(random);
    const size_t        i    = r >> 8 & 3;
    uint64_t           *w    = word(i < 3 ? at[i] : HEAD + (r >> 16) % (ROOM / 8) * 8);

    *w = r & 1 ? *w + (cci_random_next(random) & 63) - 16 : cci_random_next(random);
}

static void test_nonsense_stays_inside(void **state)
{
    static const unsigned flags[] = { 0, CC_RING_OVERWRITE };
    static char           data[ROOM];
    uint64_t              random = cci_random_seed(1);
    cc_ring_t             ring;

    (void)state;
    for (int life = 0; life < 4000; life++) {
        lay_out(&ring, flags[life & 1]);
        for (int i = 0; i < 60; i++) {
            call_something(&ring, &random, data);
            if (cci_random_next(&random) % 4 == 0)
                spoil(&random);
            if (cci_random_next(&random) % 16 == 0)
                (void)!cc_ring_attach(&ring, memory, HEAD + ROOM);
        }
        check_front();
    }
}

/* ---- files ---- */

static void child(int file)
{
    cc_ring_t ring;
    uint64_t  number, sum = 0;
    size_t    n;

    if (cc_ring_attach_file(&ring, file) != CC_RESULT_OK)
        _exit(2);
    for (int i = 0; i < 1000; i++) {
        while (!cc_ring_wait_used(&ring, 1, 1000)) {
        }
        if (cc_ring_read_record(&ring, &number, sizeof number, &n) != CC_RESULT_OK)
            _exit(3);
        sum += number;
    }
    cc_ring_fini(&ring);
    _exit(sum == 1000 * 999 / 2 ? 0 : 1);
}

static void test_from_one_process_to_another(void **state)
{
    cc_ring_t ring;
    int       file, status;

    (void)state;
    assert_int_equal(cc_ring_init_file(&ring, 4096, CC_RING_WAITS, &file), CC_RESULT_OK);
    assert_true(cc_ring_stats(&ring).is_mirrored);
    pid_t pid = fork();
    if (pid == 0)
        child(file);
    for (uint64_t i = 0; i < 1000; i++)
        while (!cc_ring_try_write_record(&ring, &i, sizeof i))
            assert_true(cc_ring_wait_room(&ring, cc_ring_record_room(&ring, sizeof i), 10000));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(file);
    cc_ring_fini(&ring);
}

static void test_files_that_could_shrink(void **state)
{
    cc_ring_t ring;
    int       file = memfd_create("test", MFD_ALLOW_SEALING), pipes[2];

    (void)state;
    assert_int_equal(ftruncate(file, 8192), 0);
    assert_int_equal(cc_ring_attach_file(&ring, file), CC_RESULT_DENIED);
    assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_int_equal(cc_ring_attach_file(&ring, file), CC_RESULT_DAMAGED);
    close(file);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(cc_ring_attach_file(&ring, pipes[0]), CC_RESULT_DENIED);
    assert_int_equal(cc_ring_attach_file(&ring, -1), CC_RESULT_DENIED);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_a_file_that_lies_about_its_size(void **state)
{
    cc_ring_t ring;
    int       file;

    (void)state;
    assert_int_equal(cc_ring_init_file(&ring, 4096, 0, &file), CC_RESULT_OK);
    unsigned char *head = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_int_equal(ftruncate(file, 0), -1); /* sealed */
    memcpy(head + CAPACITY, &(uint64_t){ 8192 }, 8);
    assert_int_equal(cc_ring_attach_file(&(cc_ring_t){ 0 }, file), CC_RESULT_DAMAGED);
    memcpy(head + CAPACITY, &(uint64_t){ 64 }, 8);
    assert_int_equal(cc_ring_attach_file(&(cc_ring_t){ 0 }, file), CC_RESULT_DAMAGED);
    munmap(head, 4096);
    close(file);
    cc_ring_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_shared),
        cmocka_unit_test(test_the_largest_power_of_two_fits),
        cmocka_unit_test(test_two_places_one_ring),
        cmocka_unit_test(test_another_takes_over),
        cmocka_unit_test(test_what_is_no_ring),
        cmocka_unit_test(test_written_positions_that_cannot_be),
        cmocka_unit_test(test_read_positions_that_cannot_be),
        cmocka_unit_test(test_records_that_cannot_be),
        cmocka_unit_test(test_records_at_the_end),
        cmocka_unit_test(test_records_between_words),
        cmocka_unit_test(test_nonsense_stays_inside),
        cmocka_unit_test(test_from_one_process_to_another),
        cmocka_unit_test(test_files_that_could_shrink),
        cmocka_unit_test(test_a_file_that_lies_about_its_size),
    };
    return cmocka_run_group_tests(tests, map_memory, NULL);
}
