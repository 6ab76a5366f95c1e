/* SPDX-License-Identifier: MIT */
/* What ccmem/info.h says of a process on the C library's allocator, and of a machine. Who serves
 * under other allocators: integration/info_serving_test.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ccmem/info.h>
#include <ccmem/version.h>
#include "prim/checker.h"
#include "prim/small_file.h"
#include "prim/system.h"
#include "support/scratch.h"

/* ---- who serves ---- */

static cc_allocator_info_t ask(const char *requested)
{
    cc_allocator_info_t info;

    memset(&info, 0x55, sizeof info);
    cc_allocator_info(requested, &info);
    return info;
}

/* Under a sanitizer nobody known serves. */
static const char *true_name(void)
{
    return cci_checker() ? "unknown" : "system";
}

static void test_nothing_requested(void **state)
{
    cc_allocator_info_t info = ask(NULL);

    (void)state;
    assert_string_equal(info.requested, "");
    assert_string_equal(info.serving, true_name());
    if (cci_checker()) {
        assert_false(info.verified);
        assert_string_equal(info.method, "");
        assert_string_equal(info.version, "");
        assert_memory_equal(info.reason, cci_checker(), strlen(cci_checker()));
    } else {
        assert_true(info.verified);
        assert_string_equal(info.method, "mallinfo2");
        assert_int_equal(access(info.claimed, R_OK), 0);
        assert_string_equal(info.reason,
                            "malloc's blocks are the C library's: mallinfo2 counts them");
    }
}

static void test_requested(void **state)
{
    static const char *const others[] = { "mimalloc", "jemalloc", "tcmalloc", "", "hoard" };

    (void)state;
    assert_int_equal(ask("system").verified, cci_checker() == NULL);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cc_allocator_info_t info = ask(others[i]);
        assert_ptr_equal(info.requested, others[i]);
        assert_string_equal(info.serving, true_name());
        assert_int_equal(info.verified, !*others[i] && !cci_checker());
        assert_true(cci_checker() || !*others[i] || strstr(info.reason, others[i]) != NULL);
    }
}

static void test_long_request(void **state)
{
    static char         name[2000];
    cc_allocator_info_t info;

    (void)state;
    memset(name, 'x', sizeof name - 1);
    info = ask(name);
    assert_false(info.verified);
    assert_true(strlen(info.reason) < CC_INFO_REASON_MAX);
}

/* What `ccmem run` leaves in the environment. */
static void test_requested_by_run(void **state)
{
    (void)state;
    setenv("CCMEM_RUN_ALLOCATOR", "jemalloc", 1);
    cc_allocator_info_t info = ask(NULL);
    assert_string_equal(info.requested, "jemalloc");
    assert_false(info.verified);
    assert_string_equal(ask("system").requested, "system");
    unsetenv("CCMEM_RUN_ALLOCATOR");
    assert_string_equal(info.requested, "jemalloc");
    setenv("CCMEM_RUN_ALLOCATOR", "no such", 1);
    assert_string_equal(ask(NULL).requested, "");
    unsetenv("CCMEM_RUN_ALLOCATOR");
}

/* The count of the C library is of all threads: theirs must not be taken for an answer, nor hide
 * it. */
static atomic_bool stop;

static void *allocate(void *unused)
{
    while (!atomic_load(&stop)) {
        free(malloc(70001));
        free(malloc(3000));
        sched_yield();
    }
    return unused;
}

static void test_while_others_allocate(void **state)
{
    enum { THREADS = 8, ASKS = 200 };
    pthread_t thread[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, allocate, NULL), 0);
    for (int i = 0; i < ASKS; i++)
        assert_string_equal(ask(NULL).serving, true_name());
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

/* ---- the policy ---- */

static void test_policy(void **state)
{
    const char *platform = NULL;

    (void)state;
    assert_string_equal(cc_allocator_policy(&platform), "jemalloc");
    assert_string_equal(platform, "Linux");
    assert_string_equal(cc_allocator_policy(NULL), "jemalloc");
}

/* ---- the machine ---- */

static void test_system(void **state)
{
    cc_system_info_t s;
    cpu_set_t        cpus;
    char             thp[128];

    (void)state;
    memset(&s, 0x55, sizeof s);
    cc_system_info(&s);
    assert_string_equal(s.ccmem_version, CC_VERSION);
    assert_true(s.build_type[0] != '\0');
    for (const char *c = s.build_type; *c; c++)
        assert_false(*c >= 'A' && *c <= 'Z');
    assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    assert_int_equal(s.cpu_count, CPU_COUNT(&cpus));
    assert_int_equal(s.page_size, getpagesize());
    assert_true(s.cache_line >= 16 && s.cache_line <= 1024);
    assert_int_equal(s.cache_line & (s.cache_line - 1), 0);
    assert_true(s.memory_available_bytes <= s.memory_total_bytes);
    assert_true(s.memory_total_bytes > 1 << 20);
    cci_small_file_read("/sys/kernel/mm/transparent_hugepage/enabled", thp, sizeof thp);
    assert_non_null(strstr(thp, s.thp));
}

static void test_fewer_processors(void **state)
{
    cc_system_info_t s;
    cpu_set_t        before, one;
    int              cpu = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    cc_system_info(&s);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(s.cpu_count, 1);
}

/* ---- memory of machines that are made up ---- */

static const char MEMINFO[] =
    "MemTotal:        1000 kB\nMemFree:  5 kB\nMemAvailable:     600 kB\n";

static void make_folders(const char *path)
{
    char part[512];

    for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(at - path), path);
        mkdir(part, 0700);
    }
}

static void write_file(const char *path, const char *text)
{
    make_folders(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void assert_memory_of(const char *root, uint64_t total, uint64_t available)
{
    cci_memory_t m = cci_memory(root);

    assert_int_equal(m.total, total);
    assert_int_equal(m.available, available);
}

static void test_memory_without_groups(void **state)
{
    (void)state;
    assert_memory_of("nothing", 0, 0);
    write_file("plain/proc/meminfo", MEMINFO);
    assert_memory_of("plain", 1024000, 614400);
    write_file("plain/proc/self/cgroup", "0::/\n");
    assert_memory_of("plain", 1024000, 614400);
}

static void test_memory_of_damaged_files(void **state)
{
    (void)state;
    write_file("damaged/proc/meminfo", "MemTotal:\nMemAvailable: x\n");
    assert_memory_of("damaged", 0, 0);
    write_file("damaged/proc/meminfo", MEMINFO);
    write_file("damaged/proc/self/cgroup", "0\n::\n0::no-slash\n:::\n\n9:memory\n");
    write_file("damaged/sys/fs/cgroup/memory.max", "99999999999999999999999\n");
    assert_memory_of("damaged", 1024000, 614400);
    write_file("damaged/sys/fs/cgroup/memory.max", "");
    assert_memory_of("damaged", 1024000, 614400);
}

/* The tightest group counts, for each of the two figures by itself. */
static void test_memory_in_groups(void **state)
{
    (void)state;
    write_file("two/proc/meminfo", MEMINFO);
    write_file("two/proc/self/cgroup", "0::/outer/inner\n");
    write_file("two/sys/fs/cgroup/outer/inner/memory.max", "max\n");
    assert_memory_of("two", 1024000, 614400);
    write_file("two/sys/fs/cgroup/outer/memory.max", "500000\n");
    assert_memory_of("two", 500000, 500000);
    write_file("two/sys/fs/cgroup/outer/memory.current", "400000\n");
    assert_memory_of("two", 500000, 100000);
    write_file("two/sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 50000\n");
    assert_memory_of("two", 500000, 150000);
    write_file("two/sys/fs/cgroup/outer/inner/memory.max", "300000\n");
    assert_memory_of("two", 300000, 150000);
    write_file("two/sys/fs/cgroup/memory.max", "600000\n");
    write_file("two/sys/fs/cgroup/memory.current", "700000\n");
    assert_memory_of("two", 300000, 0);
}

static void test_memory_in_groups_of_version_1(void **state)
{
    (void)state;
    write_file("one/proc/meminfo", MEMINFO);
    write_file("one/proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n0::/\n");
    write_file("one/sys/fs/cgroup/memory/memory.limit_in_bytes", "400000\n");
    write_file("one/sys/fs/cgroup/memory/memory.usage_in_bytes", "300000\n");
    write_file("one/sys/fs/cgroup/memory/memory.stat",
               "inactive_file 1\ntotal_inactive_file 40000\n");
    assert_memory_of("one", 400000, 140000); /* the path is one of the host's */
    write_file("one/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "200000\n");
    assert_memory_of("one", 200000, 140000);
    write_file("one/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write_file("one/sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "150000\n");
    assert_memory_of("one", 200000, 50000);
}

int main(void)
{
    scratch_enter();
    unsetenv("CCMEM_RUN_ALLOCATOR");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_requested),
        cmocka_unit_test(test_requested),
        cmocka_unit_test(test_long_request),
        cmocka_unit_test(test_requested_by_run),
        cmocka_unit_test(test_while_others_allocate),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_fewer_processors),
        cmocka_unit_test(test_memory_without_groups),
        cmocka_unit_test(test_memory_of_damaged_files),
        cmocka_unit_test(test_memory_in_groups),
        cmocka_unit_test(test_memory_in_groups_of_version_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
