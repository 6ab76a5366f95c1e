/* SPDX-License-Identifier: MIT */
/* A block pool and its threads: who frees is not who allocated, threads end while their blocks live on,
 * pools end while their threads go on. What is tested happens in a certain order, not at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "heap/cell.h"
#include "region/blockpool.h"
#include "support/failing.h"
#include "support/scarce_cells.h"

enum { UNIT = CC_BLOCKPOOL_UNIT, LIMIT = 256 * UNIT, BLOCKS = 3000, SIZE = 200 };

static failing_t      parent;
static cc_blockpool_t pool;
static void          *block[BLOCKS];

static int begin(void **state)
{
    (void)state;
    parent = (failing_t){ .fail_at = FAILING_NEVER };
    assert_int_equal(cc_blockpool_init(&pool, failing_allocator(&parent), 0), CC_RESULT_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cc_blockpool_fini(&pool);
    assert_int_equal(parent.live_blocks, 0);
    return 0;
}

/* Work in another thread, and wait for its end. cmocka's assertions belong to this one: a thread's are
 * the result, NULL when all was right. */
static void in_a_thread(void *(*work)(void *), void *arg)
{
    pthread_t thread;
    void     *wrong;

    assert_int_equal(pthread_create(&thread, NULL, work, arg), 0);
    assert_int_equal(pthread_join(thread, &wrong), 0);
    if (wrong)
        fail_msg("%s", (char *)wrong);
}

#define STRING_OF(line) #line
#define STRING(line)    STRING_OF(line)
#define EXPECT(e)                                                \
    do {                                                         \
        if (!(e))                                                \
            return (char *)__FILE__ ":" STRING(__LINE__) " " #e; \
    } while (0)

static void *allocate_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < BLOCKS; i++) {
        EXPECT((block[i] = cc_blockpool_alloc(&pool, SIZE)) != NULL);
        memset(block[i], i, SIZE);
    }
    return NULL;
}

static void *free_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < BLOCKS; i++) {
        EXPECT(((unsigned char *)block[i])[SIZE - 1] == (unsigned char)i);
        cc_blockpool_free(&pool, block[i], SIZE);
    }
    return NULL;
}

static size_t caches(void)
{
    size_t n = 0;

    for (cci_cache_t *c = cci_heap_caches(&pool.shared->heap); c; c = c->next)
        n++;
    return n;
}

/* ---- ends of threads ---- */

static void blocks_outlive_their_thread(void **state)
{
    (void)state;
    in_a_thread(allocate_all, NULL);
    in_a_thread(free_all, NULL);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count, BLOCKS);
    assert_int_equal(s.free_count, BLOCKS);
    assert_int_equal(s.live_bytes, 0);
    size_t had = s.reserved_bytes;
    assert_null(allocate_all(NULL)); /* of those that came back */
    assert_int_equal(cc_blockpool_stats(&pool).reserved_bytes, had);
    in_a_thread(free_all, NULL);
    cc_blockpool_trim(&pool); /* this thread has none, the other is gone */
    assert_int_equal(cc_blockpool_stats(&pool).reserved_bytes, 0);
}

static void *use_some(void *unused)
{
    void *p[100];

    (void)unused;
    for (size_t i = 0; i < 100; i++)
        EXPECT((p[i] = cc_blockpool_alloc(&pool, i * 300 + 1)) != NULL);
    for (size_t i = 0; i < 100; i++)
        cc_blockpool_free(&pool, p[i], i * 300 + 1);
    return NULL;
}

/* They use the same cache, and the same blocks, one after the other. */
static void many_threads_in_turn(void **state)
{
    size_t had = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        in_a_thread(use_some, NULL);
        if (i == 0)
            had = parent.live_bytes;
        assert_int_equal(parent.live_bytes, had);
    }
    assert_int_equal(caches(), 2); /* one is for what is counted for nobody */
    assert_int_equal(cci_heap_users(&pool.shared->heap), 0);
    assert_int_equal(cc_blockpool_stats(&pool).alloc_count, 100 * 1000);
    assert_int_equal(cc_blockpool_stats(&pool).free_count, 100 * 1000);
}

/* ---- destructors that run late ---- */

static pthread_key_t  late_key;
static _Atomic size_t late_count;

/* ThreadSanitizer knows the thread no more in the last one. */
enum { LATE_ROUNDS = PTHREAD_DESTRUCTOR_ITERATIONS - CCMEM_INSTRUMENTED };

/* Again and again, as often as the system lets it: the last one runs behind any other, and nobody would
 * give back what it set up. */
static void late(void *round)
{
    void *p = cc_blockpool_alloc(&pool, SIZE);

    if (p) {
        memset(p, 1, SIZE);
        atomic_fetch_add(&late_count, 1);
    }
    cc_blockpool_free(&pool, p, SIZE);
    void *large = cc_blockpool_alloc(&pool, 50000);
    cc_blockpool_free(&pool, large, 50000);
    if ((uintptr_t)round < LATE_ROUNDS)
        pthread_setspecific(late_key, (void *)((uintptr_t)round + 1));
    else
        cc_blockpool_free(&pool, block[1], SIZE);
}

static void *exit_late(void *unused)
{
    (void)unused;
    EXPECT(use_some(NULL) == NULL);
    EXPECT((block[0] = cc_blockpool_alloc(&pool, SIZE)) != NULL);
    EXPECT((block[1] = cc_blockpool_alloc(&pool, SIZE)) != NULL);
    EXPECT(pthread_setspecific(late_key, (void *)1) == 0);
    return NULL;
}

static void late_destructors(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&late_key, late), 0);
    for (int i = 0; i < 50; i++) {
        in_a_thread(exit_late, NULL);
        cc_blockpool_free(&pool, block[0], SIZE);
    }
    pthread_key_delete(late_key);
    assert_int_equal(late_count, 50 * LATE_ROUNDS);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count, 50 * (100 + 2 + 2 * LATE_ROUNDS));
    assert_int_equal(s.free_count, s.alloc_count);
    assert_int_equal(s.live_bytes, 0);
    assert_int_equal(caches(), 3); /* that of nobody, theirs, and this thread's */
    assert_int_equal(cci_heap_users(&pool.shared->heap), 1);
    cc_blockpool_trim(&pool);
    s = cc_blockpool_stats(&pool);
    assert_int_equal(s.cached_bytes, 0);
    assert_int_equal(s.reserved_bytes, 0);
}

/* ---- a thread that is there while things happen to its pools ---- */

typedef struct helper {
    pthread_barrier_t turn; /* once when it is to go on, once when it did */
    const char *(*work)(void);
    const char *wrong;
    pthread_t   thread;
} helper_t;

static helper_t helper;

static void *help(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_barrier_wait(&helper.turn);
        if (!helper.work)
            return NULL;
        helper.wrong = helper.work();
        pthread_barrier_wait(&helper.turn);
    }
}

static void let_help(const char *(*work)(void))
{
    helper.work = work;
    pthread_barrier_wait(&helper.turn);
    pthread_barrier_wait(&helper.turn);
    if (helper.wrong)
        fail_msg("%s", helper.wrong);
}

static void helper_begin(void)
{
    pthread_barrier_init(&helper.turn, NULL, 2);
    assert_int_equal(pthread_create(&helper.thread, NULL, help, NULL), 0);
}

static void helper_end(void)
{
    helper.work = NULL;
    pthread_barrier_wait(&helper.turn);
    pthread_join(helper.thread, NULL);
    pthread_barrier_destroy(&helper.turn);
}

static const char *help_use(void)
{
    return use_some(NULL);
}

static const char *help_idle(void)
{
    cc_blockpool_thread_idle(&pool);
    return NULL;
}

static const char *help_allocate(void)
{
    return allocate_all(NULL);
}

static const char *help_free(void)
{
    return free_all(NULL);
}

/* What a pool's threads remember of it is gone with it: another one has the same index. */
static void pools_end_while_threads_go_on(void **state)
{
    cc_blockpool_t other;

    (void)state;
    helper_begin();
    let_help(help_use);
    for (int i = 0; i < 20; i++) {
        size_t index = pool.shared->index;
        end(NULL);
        if (i % 3 == 0) { /* another pool takes the place, and gives it back */
            assert_int_equal(cc_blockpool_init(&other, cc_allocator_heap(), 0), CC_RESULT_OK);
            assert_non_null(cc_blockpool_alloc(&other, 10));
            cc_blockpool_fini(&other);
        }
        begin(NULL);
        assert_int_equal(pool.shared->index, index);
        let_help(help_use);
        assert_int_equal(cc_blockpool_stats(&pool).alloc_count, 100);
        assert_int_equal(cc_blockpool_stats(&pool).free_count, 100);
        assert_null(use_some(NULL));
        assert_int_equal(cc_blockpool_stats(&pool).alloc_count, 200);
        assert_int_equal(cci_heap_users(&pool.shared->heap), 2);
    }
    helper_end();
    assert_int_equal(cci_heap_users(&pool.shared->heap), 1);
}

/* A thread ends that used pools which ended before it. */
static void threads_end_after_their_pools(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        helper_begin();
        let_help(help_use);
        end(NULL);
        if (i % 2)
            begin(NULL);
        helper_end();
        if (i % 2 == 0)
            begin(NULL);
        assert_int_equal(cc_blockpool_stats(&pool).alloc_count, 0);
        assert_null(use_some(NULL));
    }
}

static void freed_by_another_thread(void **state)
{
    size_t had = 0;

    (void)state;
    helper_begin();
    for (int i = 0; i < 50; i++) {
        assert_null(allocate_all(NULL));
        let_help(help_free);
        cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
        assert_int_equal(s.alloc_count, (i + 1) * BLOCKS);
        assert_int_equal(s.free_count, (i + 1) * BLOCKS);
        assert_int_equal(s.live_bytes, 0);
        if (i == 1) /* by now the other has as many as it ever holds back */
            had = s.reserved_bytes;
        assert_true(i < 2 || s.reserved_bytes == had);
    }
    let_help(help_allocate);
    assert_null(free_all(NULL));
    assert_int_equal(cc_blockpool_stats(&pool).free_count, 51 * BLOCKS);
    helper_end();
}

/* At the limit, blocks that a thread has cached are for the others once it is idle. */
static void idle_threads_give_way(void **state)
{
    (void)state;
    end(NULL);
    assert_int_equal(cc_blockpool_init(&pool, failing_allocator(&parent), LIMIT), CC_RESULT_OK);
    helper_begin();
    let_help(help_use);
    assert_null(cc_blockpool_alloc(&pool, LIMIT)); /* all it can have is what is in the depots */
    cc_blockpool_trim(&pool);
    size_t cached = cc_blockpool_stats(&pool).cached_bytes;
    assert_true(cached > 0);
    let_help(help_idle);
    assert_int_equal(cc_blockpool_stats(&pool).cached_bytes, cached);
    cc_blockpool_trim(&pool);
    assert_int_equal(cc_blockpool_stats(&pool).reserved_bytes, 0);
    void *all = cc_blockpool_alloc(&pool, LIMIT);
    assert_non_null(all);
    cc_blockpool_free(&pool, all, LIMIT);
    helper_end();
}

/* ---- many pools ---- */

enum { MANY = 300 };

static cc_blockpool_t many[MANY];

static void *use_many(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < 10 * MANY; i++) {
        cc_blockpool_t *p = &many[i * 7 % MANY];
        char           *a = cc_blockpool_alloc(p, 100), *b = cc_blockpool_alloc(p, 1000);
        EXPECT(a && b);
        EXPECT(cc_blockpool_owns(p, a) && !cc_blockpool_owns(&many[(i * 7 + 1) % MANY], a));
        cc_blockpool_free(p, a, 100);
        cc_blockpool_free(p, b, 1000);
    }
    return NULL;
}

static void many_pools_of_a_thread(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(cc_blockpool_init(&many[i], cc_allocator_heap(), 0), CC_RESULT_OK);
    in_a_thread(use_many, NULL);
    assert_null(use_many(NULL));
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(cc_blockpool_stats(&many[i]).alloc_count, 40);
        assert_int_equal(cc_blockpool_stats(&many[i]).free_count, 40);
        cc_blockpool_fini(&many[i]);
    }
}

/* ---- a parent for one thread at a time ---- */

static _Atomic int at_work;

static void *lone_alloc(void *self, size_t size, size_t align)
{
    if (atomic_exchange(&at_work, 1))
        abort();
    void *p = cc_allocator_alloc(failing_allocator(self), size, align);
    sched_yield();
    atomic_store(&at_work, 0);
    return p;
}

static void lone_free(void *self, void *p, size_t size, size_t align)
{
    if (atomic_exchange(&at_work, 1))
        abort();
    cc_allocator_free(failing_allocator(self), p, size, align);
    sched_yield();
    atomic_store(&at_work, 0);
}

static void *use_often(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < 300; i++) {
        void *large = cc_blockpool_alloc(&pool, 40000);
        EXPECT(large);
        void *p = use_some(NULL);
        EXPECT(!p);
        cc_blockpool_free(&pool, large, 40000);
        cc_blockpool_trim(&pool);
    }
    return NULL;
}

static void the_parent_has_one_caller_at_a_time(void **state)
{
    static const cc_allocator_ops_t ops = { lone_alloc, lone_free };
    pthread_t                       thread[4];
    void                           *wrong;

    (void)state;
    end(NULL);
    assert_int_equal(cc_blockpool_init(&pool, (cc_allocator_t){ &ops, &parent }, 0), CC_RESULT_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, use_often, NULL), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
    cc_blockpool_trim(&pool);
    assert_int_equal(parent.live_blocks, 0);
}

/* ---- what can go wrong ---- */

/* There is no memory for the thread's own table or cache: it works without. */
static void *use_with_no_pages(void *unused)
{
    void *p[50];

    (void)unused;
    bool failing  = failing_pages;
    failing_pages = true;
    for (size_t i = 0; i < 50; i++)
        p[i] = cc_blockpool_alloc(&pool, SIZE);
    for (size_t i = 0; i < 50; i++)
        cc_blockpool_free(&pool, p[i], SIZE);
    failing_pages = failing;
    for (size_t i = 0; i < 50; i++)
        EXPECT(p[i]);
    return NULL;
}

static void threads_without_memory(void **state)
{
    (void)state;
    assert_null(use_some(NULL)); /* there is a chunk, and the books */
    size_t had = parent.live_bytes;
    for (int i = 0; i < 10; i++)
        in_a_thread(use_with_no_pages, NULL);
    assert_int_equal(parent.live_bytes, had);
    assert_int_equal(caches(), 2);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(s.alloc_count, 600);
    assert_int_equal(s.free_count, 600);
    assert_int_equal(s.live_bytes, 0);
    cc_blockpool_trim(&pool);
    assert_int_equal(parent.live_blocks, 0);
}

/* Nor are there cells, to sort what lies in the depot: what is taken out for that comes back. */
static void *use_with_no_cells(void *unused)
{
    scarce_cells_begin(0);
    char *wrong = use_with_no_pages(unused);
    scarce_cells_end();
    return wrong;
}

/* So few that the depot sorts none until it has to. */
static void *use_few(void *unused)
{
    enum { FEW = 1000 };

    (void)unused;
    for (int i = 0; i < FEW; i++)
        EXPECT((block[i] = cc_blockpool_alloc(&pool, SIZE)) != NULL);
    for (int i = 0; i < FEW; i++)
        cc_blockpool_free(&pool, block[i], SIZE);
    return NULL;
}

static void threads_without_cells(void **state)
{
    (void)state;
    assert_null(use_few(NULL));
    size_t bytes = cc_blockpool_stats(&pool).cached_bytes, had = parent.live_bytes;
    for (int i = 0; i < 10; i++)
        in_a_thread(use_with_no_cells, NULL);
    cc_blockpool_stats_t s = cc_blockpool_stats(&pool);
    assert_int_equal(parent.live_bytes, had);
    assert_int_equal(s.cached_bytes, bytes);
    assert_int_equal(s.live_bytes, 0);
    cc_blockpool_trim(&pool);
    assert_int_equal(parent.live_blocks, 0);
}

static size_t spare_cells(void)
{
    size_t n = 0;

    scarce_cells_begin(0);
    for (struct scarce_cell *c = scarce_cells; c; c = c->next)
        n++;
    scarce_cells_end();
    return n;
}

/* Magazines, what is sorted, what is known of chunks: whatever a thread has in hand when its pool ends. */
static void fini_gives_all_cells_back(void **state)
{
    size_t cells = 0;

    (void)state;
    for (int round = 0; round < 4; round++) {
        assert_null(use_some(NULL));
        in_a_thread(allocate_all, NULL);
        assert_null(free_all(NULL));
        in_a_thread(allocate_all, NULL);
        in_a_thread(free_all, NULL);
        assert_true(round < 2 || spare_cells() < cells);
        end(NULL);
        if (round == 1) /* the first round made them */
            cells = spare_cells();
        assert_true(round < 1 || spare_cells() == cells);
        begin(NULL);
    }
}

/* ---- books in other hands ---- */

static _Atomic bool done;

/* Work in another thread, as far as it gets without the books, and then to its end. */
static void without_books(void *(*work)(void *))
{
    pthread_t thread;

    atomic_store(&done, false);
    cci_lock_wait(&cci_cell_lock);
    assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
    for (int i = 0; i < 20000 && !atomic_load(&done); i++)
        sched_yield();
    cci_lock_release(&cci_cell_lock);
    pthread_join(thread, NULL);
}

static void *allocate_one(void *unused)
{
    (void)unused;
    block[0] = cc_blockpool_alloc(&pool, SIZE);
    atomic_store(&done, true);
    return NULL;
}

static void chunks_wait_for_their_books(void **state)
{
    (void)state;
    without_books(allocate_one);
    assert_non_null(block[0]);
    cc_blockpool_free(&pool, block[0], SIZE);
}

static void *trim(void *unused)
{
    (void)unused;
    cc_blockpool_trim(&pool);
    atomic_store(&done, true);
    return NULL;
}

/* What lies in the depot has to be sorted for it. */
static void trims_wait_for_the_books(void **state)
{
    (void)state;
    in_a_thread(use_few, NULL);
    without_books(trim);
    assert_int_equal(cc_blockpool_stats(&pool).cached_bytes, 0);
    assert_int_equal(parent.live_blocks, 0);
}

static void *allocate_all_there_is(void *unused)
{
    (void)unused;
    block[0] = cc_blockpool_alloc(&pool, LIMIT);
    atomic_store(&done, true);
    return NULL;
}

static void so_does_who_is_at_the_limit(void **state)
{
    (void)state;
    end(NULL);
    assert_int_equal(cc_blockpool_init(&pool, failing_allocator(&parent), LIMIT), CC_RESULT_OK);
    in_a_thread(use_few, NULL);
    without_books(allocate_all_there_is);
    assert_non_null(block[0]);
    assert_int_equal(cc_blockpool_stats(&pool).exhausted_count, 0);
    cc_blockpool_free(&pool, block[0], LIMIT);
}

/* ---- fork ---- */

/* The child has all that its parent had, and a helper less, whose cache others take over. */
static void fork_leaves_two_pools(void **state)
{
    int status;

    (void)state;
    helper_begin();
    let_help(help_allocate);
    let_help(help_use);
    size_t before = caches(), had = parent.live_bytes;
    pid_t  child = fork();
    if (child == 0) {
        alarm(20);
        if (cci_heap_users(&pool.shared->heap) != 0 || free_all(NULL) || use_some(NULL))
            _exit(1);
        if (caches() != before || cc_blockpool_stats(&pool).live_bytes != 0)
            _exit(2);
        cc_blockpool_trim(&pool);
        cc_blockpool_fini(&pool);
        _exit(parent.live_blocks == 0 ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(parent.live_bytes, had);
    let_help(help_free);
    helper_end();
    assert_int_equal(cc_blockpool_stats(&pool).live_bytes, 0);
}

int main(void)
{
#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        POOL_TEST(blocks_outlive_their_thread),
        POOL_TEST(many_threads_in_turn),
        POOL_TEST(late_destructors),
        POOL_TEST(pools_end_while_threads_go_on),
        POOL_TEST(threads_end_after_their_pools),
        POOL_TEST(freed_by_another_thread),
        POOL_TEST(idle_threads_give_way),
        POOL_TEST(many_pools_of_a_thread),
        POOL_TEST(the_parent_has_one_caller_at_a_time),
        POOL_TEST(threads_without_memory),
        POOL_TEST(threads_without_cells),
        POOL_TEST(fini_gives_all_cells_back),
        POOL_TEST(chunks_wait_for_their_books),
        POOL_TEST(trims_wait_for_the_books),
        POOL_TEST(so_does_who_is_at_the_limit),
        POOL_TEST(fork_leaves_two_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
