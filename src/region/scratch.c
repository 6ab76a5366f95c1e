/* SPDX-License-Identifier: MIT */
/* scratch.c - see ccmem/scratch.h for the contract.
 *
 * All is the arena's: its chunks do not grow here, so that what a frame takes is near what it
 * needs, and a reset keeps them, which an arena does in any case. A scope is a mark that goes when
 * it ends, so a scope that is ended twice is a stale mark.
 *
 * A thread has as many scratches as its deepest call needed at once, in a list, the first ones used
 * most. They are the thread's; the key is there to give them back.
 */
#include <ccmem/scratch.h>
#include <pthread.h>
#include "prim/fault.h"
#include "region/arena.h"

/* ---- one scratch ---- */

void cc_scratch_init(cc_scratch_t *s, cc_allocator_t parent, size_t chunk_size)
{
    if (!chunk_size)
        chunk_size = CC_SCRATCH_CHUNK_DEFAULT;
    cc_arena_init(&s->arena, parent,
                  &(cc_arena_options_t){ .chunk_size = chunk_size, .chunk_max = chunk_size });
}

void cc_scratch_fini(cc_scratch_t *s)
{
    cc_arena_fini(&s->arena);
}

void cc_scratch_trim(cc_scratch_t *s, size_t keep)
{
    cc_arena_trim(&s->arena, keep);
}

cc_scratch_scope_t cc_scratch_begin(cc_scratch_t *s)
{
    return (cc_scratch_scope_t){ s, cc_arena_mark(&s->arena) };
}

void cc_scratch_end(cc_scratch_scope_t scope)
{
    if (!cci_arena_rewind_before(&scope.scratch->arena, scope.mark))
        cci_fault("scratch", "end of a scope that ended already, or one around it did");
}

cc_arena_stats_t cc_scratch_stats(const cc_scratch_t *s)
{
    return cc_arena_stats(&s->arena);
}

bool cc_scratch_owns(const cc_scratch_t *s, const void *ptr)
{
    return cc_arena_owns(&s->arena, ptr);
}

cc_allocator_t cc_scratch_allocator(cc_scratch_t *s)
{
    return cc_arena_allocator(&s->arena);
}

/* ---- those of a thread ---- */

typedef struct own_scratch {
    cc_scratch_t        scratch;
    struct own_scratch *next;
} own_scratch_t;

static _Thread_local own_scratch_t *own;
static pthread_key_t                key;
static bool                         has_key;

static void end_thread(void *first)
{
    own_scratch_t *s = first;

    own = NULL; /* a destructor that runs later may begin another list */
    while (s) {
        own_scratch_t *next = s->next;
        cc_scratch_fini(&s->scratch);
        cc_allocator_free(cc_allocator_heap(), s, sizeof *s, _Alignof(own_scratch_t));
        s = next;
    }
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, end_thread) == 0;
}

/* A list that the key does not know would never be given back. */
static bool remember(own_scratch_t *first)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    return pthread_once(&once, make_key) == 0 && has_key && pthread_setspecific(key, first) == 0;
}

static own_scratch_t *make_scratch(void)
{
    own_scratch_t *s = cc_allocator_alloc(cc_allocator_heap(), sizeof *s, _Alignof(own_scratch_t));

    if (s) {
        s->next = NULL;
        cc_scratch_init(&s->scratch, cc_allocator_heap(), 0);
    }
    return s;
}

static bool is_in_use(const cc_scratch_t *s, cc_scratch_t *const *in_use, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (in_use[i] == s)
            return true;
    return false;
}

cc_scratch_t *cc_scratch_thread(cc_scratch_t *const *in_use, size_t count)
{
    own_scratch_t **link = &own;

    for (; *link; link = &(*link)->next)
        if (!is_in_use(&(*link)->scratch, in_use, count))
            return &(*link)->scratch;
    own_scratch_t *s = make_scratch();
    if (!s)
        return NULL;
    if (!own && !remember(s)) {
        cc_allocator_free(cc_allocator_heap(), s, sizeof *s, _Alignof(own_scratch_t));
        return NULL;
    }
    *link = s;
    return &s->scratch;
}
