/* SPDX-License-Identifier: MIT */
/* Every backend that has a name: found, working, refused with a reason, and found by threads at
 * once. jemalloc needs room for its thread-local data: most of it is done in a child that has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/allocator.h>
#include "backend/backend.h"
#include "support/again.h"
#include "support/opens_libraries.h"

static const char *const with_room[] = { "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096",
                                         "LD_PRELOAD", NULL };
static const char *const plain[]     = { "GLIBC_TUNABLES", "LD_PRELOAD", NULL };

/* ---- what a backend must do ---- */

static const cc_backend_t *backend; /* the one under test */

static int take(void **state)
{
    const char *why = "";

    backend = cc_backend_find(*state, &why);
    if (!backend)
        print_error("%s: %s\n", (char *)*state, why);
    return backend ? 0 : -1;
}

static void fill(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)p)[i] = (unsigned char)(i * 7 + n);
}

static bool is_filled(const void *p, size_t n, size_t filled)
{
    for (size_t i = 0; i < n; i++)
        if (((const unsigned char *)p)[i] != (unsigned char)(i * 7 + filled))
            return false;
    return true;
}

static void test_alloc(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 300000; size += size / 3 + 1) {
        void *p = backend->alloc(size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % (size >= 16 ? 16 : 8), 0);
        assert_true(backend->usable_size(p) >= size);
        fill(p, backend->usable_size(p));
        backend->free(p);
    }
}

static void test_calloc_is_zero(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 300000; size += size / 3 + 1) {
        void *dirty = backend->alloc(3 * size);
        fill(dirty, 3 * size);
        backend->free(dirty);
        unsigned char *p = backend->calloc(3, size);
        assert_non_null(p);
        for (size_t i = 0; i < 3 * size; i++)
            assert_int_equal(p[i], 0);
        backend->free(p);
    }
}

/* Many at once: the first blocks of a page are aligned by themselves. */
static void assert_aligns(size_t size, size_t align)
{
    enum { MANY = 40 };
    void *p[MANY];

    for (size_t i = 0; i < MANY; i++) {
        p[i] = backend->alloc_aligned(size, align);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % align, 0);
        assert_true(backend->usable_size(p[i]) >= size);
        fill(p[i], size);
    }
    for (size_t i = 0; i < MANY; i++)
        backend->free(p[i]);
}

static void test_alloc_aligned(void **state)
{
    (void)state;
    for (size_t align = 1; align <= 65536; align *= 2) {
        for (size_t size = 1; size <= 70000; size = size * 3 + 1)
            assert_aligns(size, align);
        for (size_t size = 16; size <= 8192; size *= 2)
            assert_aligns(size, align);
    }
}

static void test_realloc_keeps(void **state)
{
    static const size_t sizes[] = { 1, 100, 50, 5000, 200000, 17, 1000000, 1 };
    void               *p       = backend->alloc(1);
    size_t              had     = 1;

    (void)state;
    fill(p, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        p = backend->realloc(p, sizes[i]);
        assert_non_null(p);
        assert_true(is_filled(p, had < sizes[i] ? had : sizes[i], had));
        had = sizes[i];
        fill(p, had);
    }
    void *aligned = backend->alloc_aligned(100, 256);
    fill(aligned, 100);
    aligned = backend->realloc(aligned, 3000);
    assert_true(is_filled(aligned, 100, 100));
    backend->free(aligned);
    backend->free(p);
}

static void test_too_much(void **state)
{
    volatile size_t most = PTRDIFF_MAX; /* the compiler would warn of a constant */

    (void)state;
    assert_null(backend->alloc(most));
    assert_null(backend->calloc(most / 2, 2));
    assert_null(backend->alloc_aligned(most, 64));
}

/* Asked of blocks that have been used before, too. */
static void test_uniform(void **state)
{
    enum { ROUNDS = 3, BLOCKS = 200 };

    (void)state;
    if (!backend->uniform) {
        assert_string_equal(backend->name, "system");
        return;
    }
    for (size_t size = 1; size <= 5000; size += size / 4 + 1) {
        void  *p[BLOCKS];
        size_t usable = 0;
        for (int i = 0; i < ROUNDS * BLOCKS; i++) {
            void **slot = &p[i % BLOCKS];
            if (i >= BLOCKS)
                backend->free(*slot);
            *slot = i % 2 ? backend->alloc(size) : backend->calloc(1, size);
            assert_true(usable == 0 || backend->usable_size(*slot) == usable);
            usable = backend->usable_size(*slot);
        }
        for (int i = 0; i < BLOCKS; i++)
            backend->free(p[i]);
    }
}

static void test_trim(void **state)
{
    void *kept = backend->alloc(1000);

    (void)state;
    assert_non_null(backend->trim);
    fill(kept, 1000);
    for (int i = 0; i < 3; i++) {
        backend->free(backend->alloc(1 << 20));
        backend->trim();
        assert_true(is_filled(kept, 1000, 1000));
    }
    backend->free(kept);
}

static size_t resident_bytes(void)
{
    long  pages = 0;
    FILE *f     = fopen("/proc/self/statm", "r");

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
    fclose(f);
    return (size_t)pages * (size_t)getpagesize();
}

static void test_trim_gives_memory_back(void **state)
{
    enum { BLOCKS = 1000, SIZE = 65536 };
    static void *p[BLOCKS];

    (void)state;
    for (int i = 0; i < BLOCKS; i++) {
        p[i] = backend->alloc(SIZE);
        memset(p[i], 1, SIZE);
    }
    size_t full = resident_bytes();
    for (int i = 0; i < BLOCKS; i++)
        backend->free(p[i]);
    backend->trim();
    assert_true(resident_bytes() < full - BLOCKS * SIZE / 2);
}

/* What the library defines is not the program's: above all not its malloc. */
static void test_is_private(void **state)
{
    static const char *const names[] = { "mi_malloc", "mallocx", "tc_malloc" };
    Dl_info                  where;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_null(dlsym(RTLD_DEFAULT, names[i]));
    assert_true(dladdr(dlsym(RTLD_DEFAULT, "malloc"), &where) != 0);
    assert_null(strstr(where.dli_fname, "alloc.so"));
}

static void *free_here(void *block)
{
    backend->free(block);
    return backend->alloc(100);
}

static void test_frees_of_another_thread(void **state)
{
    pthread_t thread;
    void     *block;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, free_here, backend->alloc(100)), 0);
    assert_int_equal(pthread_join(thread, &block), 0);
    fill(block, 100);
    backend->free(block);
}

/* The interface of ccmem/allocator.h over it. */
static void test_as_allocator(void **state)
{
    cc_allocator_t  a    = cc_allocator_backend(backend);
    volatile size_t much = (size_t)PTRDIFF_MAX + 1;

    (void)state;
    for (size_t align = 1; align <= 4096; align *= 2) {
        for (size_t size = 1; size <= 5000; size = size * 2 + 1) {
            void *p = cc_allocator_alloc(a, size, align);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % align, 0);
            fill(p, size);
            cc_allocator_free(a, p, size, align);
        }
    }
    assert_null(cc_allocator_alloc(a, 0, 16));
    assert_null(cc_allocator_alloc(a, 10, 0));
    assert_null(cc_allocator_alloc(a, 10, 24));
    assert_null(cc_allocator_alloc(a, much, 16));
    cc_allocator_free(a, NULL, 10, 16);
}

static void test_entry(void **state)
{
    const cci_backend_entry_t *e = cci_backend_entry(backend->name);

    (void)state;
    assert_ptr_equal(&e->backend, backend);
    assert_true(e->available && e->installed);
    assert_string_equal(e->reason, "");
    assert_non_null(backend->version);
    assert_true(strchr(backend->version, '.') != NULL);
    assert_int_equal(access(e->path, R_OK), 0);
}

static int do_everything(const char *name)
{
    char *state = (char *)name;
#define OF_BACKEND(test) cmocka_unit_test_prestate_setup_teardown(test, take, NULL, state)
    const struct CMUnitTest tests[] = {
        OF_BACKEND(test_alloc),
        OF_BACKEND(test_calloc_is_zero),
        OF_BACKEND(test_alloc_aligned),
        OF_BACKEND(test_realloc_keeps),
        OF_BACKEND(test_too_much),
        OF_BACKEND(test_uniform),
        OF_BACKEND(test_trim),
        OF_BACKEND(test_frees_of_another_thread),
        OF_BACKEND(test_as_allocator),
        OF_BACKEND(test_entry),
        OF_BACKEND(test_trim_gives_memory_back),
        OF_BACKEND(test_is_private),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

static void test_backend(void **state)
{
    static again_t a;

    again_run(&a, *state, with_room);
    if (a.status != 0)
        print_error("%s%s", a.out, a.err);
    assert_int_equal(a.status, 0);
}

/* ---- names ---- */

static void test_names(void **state)
{
    bool seen[4] = { false };

    (void)state;
    static const char *const names[] = { "system", "mimalloc", "jemalloc", "tcmalloc" };
    size_t                   n       = 0;
    for (const char *name; (name = cc_backend_name(n)) != NULL; n++)
        for (size_t i = 0; i < 4; i++)
            seen[i] |= strcmp(name, names[i]) == 0;
    assert_int_equal(n, 4);
    assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
    assert_null(cc_backend_name(SIZE_MAX));
}

static void test_unknown_name(void **state)
{
    static const char *const wrong[] = { "", "Mimalloc", "mimalloc ", "process", "hoard" };
    const char              *why;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        why = NULL;
        assert_null(cc_backend_find(wrong[i], &why));
        assert_true(why && strncmp(why, "not known", 9) == 0);
        assert_null(cc_backend_find(wrong[i], NULL));
        assert_null(cci_backend_entry(wrong[i]));
    }
}

/* ---- jemalloc where it does not fit ---- */

static int say_jemalloc(void)
{
    const char         *why = "";
    const cc_backend_t *b   = cc_backend_find("jemalloc", &why);

    printf("%d %d %s %s", b != NULL, cci_backend_entry("jemalloc")->installed,
           cci_backend_entry("jemalloc")->path, why);
    return 0;
}

static void test_jemalloc_does_not_fit(void **state)
{
    static again_t a;

    (void)state;
    again_run(&a, "say-jemalloc", plain);
    assert_int_equal(a.status, 0);
    assert_memory_equal(a.out, "0 1 /", 5); /* not available, but installed, and we know where */
    assert_non_null(strstr(a.out, "libjemalloc.so.2 its thread-local data does not fit"));
    assert_non_null(strstr(a.out, "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096"));
    assert_non_null(strstr(a.out, "ccmem run --allocator jemalloc"));
}

/* ---- threads ---- */

enum { THREADS = 32, NAMES = 4 };

static pthread_barrier_t start;

/* What was found is used at once: for some libraries that is their very first use. */
static void *find_all(void *out)
{
    pthread_barrier_wait(&start);
    for (size_t i = 0; i < NAMES; i++) {
        const cc_backend_t *b = cc_backend_find(cc_backend_name(i), NULL);
        for (size_t n = 1; b && n < 2000; n++)
            b->free(b->alloc(n));
        ((const cc_backend_t **)out)[i] = b;
    }
    return NULL;
}

/* All get the same, which works. tcmalloc is opened before: its constructor moves the break of the
 * program, as the C library does, and they have no lock in common. */
static int find_at_once(void)
{
    static const cc_backend_t *found[THREADS][NAMES];
    pthread_t                  thread[THREADS];

    cc_backend_find("tcmalloc", NULL);
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, find_all, found[i]) != 0)
            return 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++)
        if (memcmp(found[i], found[0], sizeof found[0]) != 0)
            return 3;
    for (int i = 0; i < NAMES; i++) {
        if (!found[0][i])
            return 4;
        void *p = found[0][i]->alloc_aligned(100, 128);
        if ((uintptr_t)p % 128 != 0)
            return 5;
        found[0][i]->free(p);
    }
    return 0;
}

static void test_threads_find_at_once(void **state)
{
    static again_t a;

    (void)state;
    for (int i = 0; i < 5; i++) {
        again_run(&a, "find-at-once", with_room);
        assert_int_equal(a.status, 0);
    }
}

/* Where another allocator serves malloc nobody used the C library's heap, and glibc does not bear
 * two threads that do so first. Finding it is that use. */
static int has_libc_heap_begun(void)
{
    void *libc                    = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    struct mallinfo2 (*ask)(void) = (struct mallinfo2(*)(void))dlsym(libc, "mallinfo2");

    if (ask().arena != 0)
        return 2;
    cc_backend_find("system", NULL);
    return ask().arena != 0 ? 0 : 3;
}

static void test_threads_find_at_once_on_another(void **state)
{
    static const char *const on_another[] = { "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096",
                                              "LD_PRELOAD=libmimalloc.so.2", NULL };
    static again_t           a;

    (void)state;
    if (CCMEM_INSTRUMENTED) /* a sanitizer must come first */
        return;
    again_run(&a, "has-libc-heap-begun", on_another);
    assert_int_equal(a.status, 0);
    for (int i = 0; i < 20; i++) {
        again_run(&a, "find-at-once", on_another);
        assert_int_equal(a.status, 0);
    }
}

/* ---- tcmalloc beside the C library's heap: both would move the program's break ---- */

static atomic_bool has_grown;

static void *grow(void *tcmalloc)
{
    const cc_backend_t *b = tcmalloc;

    for (int i = 0; i < 3000; i++) {
        char *p = b->alloc(1 << 20);
        if (!p)
            exit(6);
        *p = 1;
    }
    atomic_store(&has_grown, true);
    return NULL;
}

/* Grows and shrinks the heap that lies at the break, and looks that nobody wrote into it. */
static int grow_beside_libc(void)
{
    enum { BLOCKS = 8, SIZE = 200000 };
    pthread_t thread;
    char     *p[BLOCKS];

    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    if (pthread_create(&thread, NULL, grow, (void *)cc_backend_find("tcmalloc", NULL)) != 0)
        return 2;
    while (!atomic_load(&has_grown)) {
        for (int i = 0; i < BLOCKS; i++)
            p[i] = memset(malloc(SIZE), i, SIZE);
        for (int i = 0; i < BLOCKS; i++) {
            if (p[i][0] != i || memcmp(p[i], p[i] + 1, SIZE - 1) != 0)
                return 3;
            free(p[i]);
        }
        malloc_trim(0);
    }
    return pthread_join(thread, NULL);
}

static void test_tcmalloc_beside_libc(void **state)
{
    static again_t a;

    (void)state;
    for (int i = 0; i < 5 && !CCMEM_INSTRUMENTED; i++) {
        again_run(&a, "grow-beside-libc", plain);
        assert_int_equal(a.status, 0);
    }
}

static void test_system_allocator(void **state)
{
    cc_allocator_t a = cc_allocator_system();
    void          *p = cc_allocator_alloc(a, 1000, 64);

    (void)state;
    assert_ptr_equal(a.self, cc_backend_find("system", NULL));
    assert_int_equal((uintptr_t)p % 64, 0);
    cc_allocator_free(a, p, 1000, 64);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "say-jemalloc") == 0)
        return say_jemalloc();
    if (argc > 1 && strcmp(argv[1], "find-at-once") == 0)
        return find_at_once();
    if (argc > 1 && strcmp(argv[1], "has-libc-heap-begun") == 0)
        return has_libc_heap_begun();
    if (argc > 1 && strcmp(argv[1], "grow-beside-libc") == 0)
        return grow_beside_libc();
    if (argc > 1)
        return do_everything(argv[1]);
#define BACKEND(name)                                        \
    {                                                        \
        "test_" name, test_backend, NULL, NULL, (void *)name \
    }
    const struct CMUnitTest tests[] = {
        BACKEND("system"),
        BACKEND("mimalloc"),
        BACKEND("jemalloc"),
        BACKEND("tcmalloc"),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_jemalloc_does_not_fit),
        cmocka_unit_test(test_threads_find_at_once),
        cmocka_unit_test(test_threads_find_at_once_on_another),
        cmocka_unit_test(test_tcmalloc_beside_libc),
        cmocka_unit_test(test_system_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
