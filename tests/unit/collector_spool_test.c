/* SPDX-License-Identifier: MIT */
/* A spool is there for as long as its collector, and goes with the next one where that was killed;
 * what is anybody else's, or may be, stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/collector_spool.h"
#include "support/scratch.h"

/* Other collectors, which sweep too, have other places. */
static int make(cci_spool_t *s)
{
    const char *const places[] = { "/nowhere", scratch_path, NULL };
    return cci_spool_make_in(s, places);
}

static bool exists(const cci_spool_t *s)
{
    return access(s->path, F_OK) == 0;
}

static int open_in(const cci_spool_t *s, const char *name, int flags)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", s->path, name);
    int fd = open(path, flags, 0600);
    assert_true(fd >= 0);
    return fd;
}

static void make_file(const cci_spool_t *s, const char *name)
{
    close(open_in(s, name, O_CREAT | O_EXCL | O_WRONLY));
}

/* A collector's life up to its end by SIGKILL. */
static _Noreturn void make_and_die(int answer)
{
    cci_spool_t s;

    if (make(&s) != 0 || write(answer, &s, sizeof s) != (ssize_t)sizeof s)
        _exit(1);
    raise(SIGKILL);
    _exit(1);
}

static cci_spool_t left_by_the_killed(void)
{
    cci_spool_t s;
    int         ends[2], status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        make_and_die(ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &s, sizeof s), sizeof s);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(exists(&s));
    s.control    = NULL; /* those are the child's */
    s.control_fd = -1;
    return s;
}

/* As the next collector does. */
static void come_and_go(void)
{
    cci_spool_t next;

    assert_int_equal(make(&next), 0);
    cci_spool_remove(&next);
    assert_false(exists(&next));
}

/* It must still be there, and is not any more. */
static void expect_kept(cci_spool_t *s)
{
    come_and_go();
    assert_true(exists(s));
    cci_spool_remove(s);
    assert_false(exists(s));
}

static void test_no_place(void **state)
{
    const char *const none[] = { "/nowhere", "/proc", NULL };
    cci_spool_t       s;

    (void)state;
    assert_int_not_equal(cci_spool_make_in(&s, none), 0);
    assert_string_equal(s.path, "");
}

static void test_make_and_remove(void **state)
{
    cci_spool_t s;
    struct stat st;

    (void)state;
    assert_int_equal(make(&s), 0);
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(s.control->collector, getpid());
    make_file(&s, "17.0" CCI_POOL_SUFFIX);
    cci_spool_remove(&s);
    assert_false(exists(&s));
}

static void test_the_abandoned_goes(void **state)
{
    cci_spool_t s = left_by_the_killed();

    (void)state;
    make_file(&s, "17.0" CCI_POOL_SUFFIX);
    make_file(&s, "17.1" CCI_POOL_SUFFIX);
    come_and_go();
    assert_false(exists(&s));
}

/* Its collector was killed before it made the page, or after it removed that. */
static void test_the_empty_goes(void **state)
{
    cci_spool_t s = left_by_the_killed();
    char        page[PATH_MAX + 32];

    (void)state;
    snprintf(page, sizeof page, "%s/" CCI_CONTROL_NAME, s.path);
    assert_int_equal(unlink(page), 0);
    come_and_go();
    assert_false(exists(&s));
}

/* What is empty is removed by others at any moment, though its collector lives. */
static void test_many_at_once(void **state)
{
    enum { COLLECTORS = 4, ROUNDS = 500 };
    int status;

    (void)state;
    for (int i = 0; i < COLLECTORS; i++)
        if (fork() == 0) {
            for (int round = 0; round < ROUNDS; round++) {
                cci_spool_t s;
                if (make(&s) != 0 || s.control->collector != getpid() || !exists(&s))
                    _exit(1);
                cci_spool_remove(&s);
            }
            _exit(0);
        }
    for (int i = 0; i < COLLECTORS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

/* A program that goes on without its collector, and has the page mapped. */
static void test_its_program_is_told(void **state)
{
    cci_spool_t s  = left_by_the_killed();
    int         fd = open_in(&s, CCI_CONTROL_NAME, O_RDWR);

    (void)state;
    cci_control_t *control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(control != MAP_FAILED);
    close(fd);
    assert_int_equal(control->stop, 0);
    come_and_go();
    assert_int_equal(control->stop, 1);
    munmap(control, sizeof *control);
}

static void test_the_living_stays(void **state)
{
    cci_spool_t s;

    (void)state;
    assert_int_equal(make(&s), 0);
    come_and_go();
    assert_true(exists(&s));
    assert_int_equal(s.control->stop, 0);
    cci_spool_remove(&s);
}

/* Whoever just makes one has no lock yet; but then there is no number. */
static void test_the_half_made_stays(void **state)
{
    cci_spool_t    s    = left_by_the_killed();
    const uint32_t none = 0;
    int            fd   = open_in(&s, CCI_CONTROL_NAME, O_RDWR);

    (void)state;
    assert_int_equal(pwrite(fd, &none, sizeof none, offsetof(cci_control_t, magic)), sizeof none);
    close(fd);
    come_and_go();
    assert_true(exists(&s));
    fd = open_in(&s, CCI_CONTROL_NAME, O_RDWR | O_TRUNC);
    close(fd);
    expect_kept(&s);
}

static void test_what_others_may_enter_stays(void **state)
{
    cci_spool_t s = left_by_the_killed();

    (void)state;
    assert_int_equal(chmod(s.path, 0750), 0);
    expect_kept(&s);
    s      = left_by_the_killed();
    int fd = open_in(&s, CCI_CONTROL_NAME, O_RDWR);
    assert_int_equal(fchmod(fd, 0604), 0);
    close(fd);
    expect_kept(&s);
}

/* Only root can make files of another user; to all others they are closed anyway. */
static void test_what_is_another_users_stays(void **state)
{
    cci_spool_t s = left_by_the_killed();

    (void)state;
    if (geteuid() == 0)
        assert_int_equal(chown(s.path, 65534, 65534), 0);
    else
        assert_int_equal(chmod(s.path, 0), 0);
    come_and_go();
    assert_true(exists(&s));
    assert_int_equal(geteuid() == 0 ? chown(s.path, 0, 0) : chmod(s.path, 0700), 0);
    cci_spool_remove(&s);
    assert_false(exists(&s));
}

static void test_a_link_is_not_followed(void **state)
{
    cci_spool_t s = left_by_the_killed();
    char        elsewhere[PATH_MAX + 8], place[PATH_MAX];

    (void)state;
    snprintf(place, sizeof place, "%.*s", (int)(strrchr(s.path, '/') - s.path), s.path);
    snprintf(elsewhere, sizeof elsewhere, "%s/kept-%d", place, getpid());
    assert_int_equal(rename(s.path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, s.path), 0);
    make_file(&s, "17.0" CCI_POOL_SUFFIX);
    come_and_go();
    close(open_in(&s, CCI_CONTROL_NAME, O_RDONLY));
    close(open_in(&s, "17.0" CCI_POOL_SUFFIX, O_RDONLY));
    assert_int_equal(unlink(s.path), 0);
    assert_int_equal(rename(elsewhere, s.path), 0);
    come_and_go();
    assert_false(exists(&s));
}

/* Nor is the control page one. */
static void test_a_linked_page_is_not_followed(void **state)
{
    cci_spool_t s = left_by_the_killed();
    char        page[PATH_MAX + 32], moved[PATH_MAX + 32];

    (void)state;
    snprintf(page, sizeof page, "%s/" CCI_CONTROL_NAME, s.path);
    snprintf(moved, sizeof moved, "%s/moved", s.path);
    assert_int_equal(rename(page, moved), 0);
    assert_int_equal(symlink(moved, page), 0);
    come_and_go();
    assert_int_equal(access(page, F_OK), 0);
    assert_int_equal(unlink(moved), 0);
    cci_spool_remove(&s);
    assert_false(exists(&s));
}

static void test_files_that_are_not_ours_stay(void **state)
{
    cci_spool_t s = left_by_the_killed();

    (void)state;
    make_file(&s, "notes");
    come_and_go();
    close(open_in(&s, "notes", O_RDONLY));
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/notes", s.path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(s.path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_make_and_remove),
        cmocka_unit_test(test_the_abandoned_goes),
        cmocka_unit_test(test_the_empty_goes),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_its_program_is_told),
        cmocka_unit_test(test_the_living_stays),
        cmocka_unit_test(test_the_half_made_stays),
        cmocka_unit_test(test_what_others_may_enter_stays),
        cmocka_unit_test(test_what_is_another_users_stays),
        cmocka_unit_test(test_a_link_is_not_followed),
        cmocka_unit_test(test_a_linked_page_is_not_followed),
        cmocka_unit_test(test_files_that_are_not_ours_stay),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
