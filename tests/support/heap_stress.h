/* SPDX-License-Identifier: MIT */
/* heap_stress.h - for programs that use the heap as hard as they can: blocks that know what they are,
 * checks, and the backends to do it on. */
#ifndef TEST_HEAP_STRESS_H
#define TEST_HEAP_STRESS_H
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ccmem/alloc.h>
#include "base/random.h"
#include "support/again.h"
#include "support/opens_libraries.h"
#include "support/test_backend.h"

static const char *part = "";

/* _exit: other threads are still at work. */
#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            _exit(1);                                                         \
        }                                                                     \
    } while (0)

/* ---- blocks ---- */

enum { OWN_KINDS = 4 };

/* At the beginning of each; its last byte is the tag again. */
typedef struct own_block {
    uint32_t size;
    uint8_t  kind, tag;
} own_block_t;

static inline size_t random_below(uint64_t *rng, size_t n)
{
    return (size_t)(cci_random_next(rng) >> 33) % n;
}

static inline own_block_t *own_make(uint64_t *rng, size_t most)
{
    size_t   size = sizeof(own_block_t) + 1 + random_below(rng, most);
    unsigned kind = (unsigned)random_below(rng, OWN_KINDS);
    void    *p    = kind == 0   ? cc_alloc(size)
                    : kind == 1 ? cc_calloc(1, size)
                    : kind == 2 ? cc_alloc_node(size)
                                : cc_alloc_aligned(size, 256);

    CHECK(p && (uintptr_t)p % (kind == 3 ? 256 : kind == 2 ? CC_CACHE_LINE_SIZE : 16) == 0);
    own_block_t *b           = p;
    *b                       = (own_block_t){ (uint32_t)size, (uint8_t)kind, (uint8_t)(size * 7) };
    ((uint8_t *)b)[size - 1] = b->tag;
    return b;
}

static inline void own_drop(own_block_t *b, bool sized)
{
    size_t size = b->size;

    CHECK(b->kind < OWN_KINDS && b->tag == (uint8_t)(size * 7));
    CHECK(((uint8_t *)b)[size - 1] == b->tag);
    if (!sized)
        cc_free_unsized(b);
    else if (b->kind < 2)
        cc_free(b, size);
    else if (b->kind == 2)
        cc_free_node(b, size);
    else
        cc_free_aligned(b, size, 256);
}

/* ---- threads ---- */

static inline void start(pthread_t *thread, void *(*work)(void *), void *arg)
{
    if (pthread_create(thread, NULL, work, arg) != 0) {
        perror("pthread_create");
        _exit(1);
    }
}

/* Whatever was done, nothing is live and everything is back. */
static inline void check_nothing_is_left(void)
{
    cc_trim();
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
    CHECK(s.alloc_count == s.free_count && s.alloc_bytes == s.free_bytes);
    CHECK(s.current_allocated == 0);
    CHECK(s.cached_bytes == 0);
    CHECK(s.backend_alloc_count == s.backend_free_count);
    CHECK(test_backend.live == 0);
}

/* ---- backends ---- */

typedef struct stress_part {
    const char *name;
    void (*run)(void);
} stress_part_t;

static inline int stress_child(const stress_part_t *parts, const char *backend, const char *only)
{
    if (strcmp(backend, "test") == 0)
        test_backend_use(false);
    cc_alloc_stats_enable(true);
    for (; parts->name; parts++) {
        part = parts->name;
        if (*only && strcmp(only, part) != 0)
            continue;
        alarm(100); /* a deadlock is a failure */
        parts->run();
        fprintf(stderr, "%s: %s: ok\n", backend, part);
    }
    return 0;
}

/* All parts on each backend; or with arguments: on one, all parts or one. A sanitizer knows nothing of
 * how a library passes memory between threads, so it only sees the test's own backend. */
static inline int stress_main(int argc, char **argv, const stress_part_t *parts)
{
    static const char *const backends[] = { "test", "mimalloc", "system", "tcmalloc", "jemalloc" };
    static again_t           done;
    int                      status = 0;

    if (argc > 1)
        return stress_child(parts, argv[1], argc > 2 ? argv[2] : "");
    for (size_t i = 0; i < (CCMEM_INSTRUMENTED ? 1 : 5); i++) {
        char              name[64];
        const char *const variables[] = { name, "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0",
                                          "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096",
                                          NULL };
        snprintf(name, sizeof name, i ? "CCMEM_BACKEND=%s" : "CCMEM_BACKEND", backends[i]);
        again_run(&done, backends[i], variables);
        fprintf(stderr, "%s%s", done.out, done.err);
        status |= done.status;
    }
    return status != 0;
}

#endif
