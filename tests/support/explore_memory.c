/* SPDX-License-Identifier: MIT */
/* explore_memory.c - the memory of what is explored: the functions of ccmem/alloc.h that lock-free code calls,
 * and who uses which word.
 *
 * Each thread takes its blocks from a part of its own, one after the other, and no place serves twice in
 * a run: so an access to a freed block is always seen, and a thread's n-th block is at the same place in
 * all runs. That is how a word is known from one run to the next. Before a block are its size and a gap.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "support/explore_shadow.h" /* before the header of which these are the functions */

#include <ccmem/alloc.h>

#include "support/explore_parts.h"

enum {
    WORD   = 8,
    PARTS  = EXPLORE_THREADS + 1,
    PART   = 512 * 1024, /* of a thread */
    WORDS  = PARTS * PART / WORD,
    OTHERS = 4096, /* words of the program's own data */
    GAP    = 16
};

/* Where it is does not matter, but that it is the same when a run is done again. */
#define BASE ((unsigned char *)0x5c0000000000)

enum { NOTHING, LIVE, FREED };

/* Who used a word in any run, a bit a thread. */
typedef struct use {
    uint8_t users, writers;
    bool    is_hot;
} use_t;

static uint8_t   state[WORDS];
static use_t     uses[WORDS + OTHERS];
static uintptr_t other[OTHERS];
static size_t    taken[PARTS], live;

/* ---- places ---- */

static bool is_ours(const void *p)
{
    return (uintptr_t)p - (uintptr_t)BASE < (size_t)PARTS * PART;
}

static size_t word_of(const void *p)
{
    return ((uintptr_t)p - (uintptr_t)BASE) / WORD;
}

static use_t *use_of_other(const void *p)
{
    const uintptr_t word = (uintptr_t)p / WORD;
    size_t          i    = word * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    for (size_t tries = 0; tries < OTHERS; tries++, i++) {
        uintptr_t *at = &other[i % OTHERS];
        if (*at == 0)
            *at = word;
        if (*at == word)
            return &uses[WORDS + i % OTHERS];
    }
    explore_fail("explore: more than %d words outside of blocks", OTHERS);
}

static use_t *use_of(const void *p)
{
    return is_ours(p) ? &uses[word_of(p)] : use_of_other(p);
}

void explore_memory_name(const void *p, char name[48])
{
    const size_t at = (size_t)((uintptr_t)p - (uintptr_t)BASE);

    if (!p)
        name[0] = '\0';
    else if (is_ours(p))
        snprintf(name, 48, "block memory %zu+%#zx", at / PART, at % PART);
    else
        snprintf(name, 48, "%p", p);
}

/* ---- who uses what ---- */

static bool use_word(use_t *u, bool writes, unsigned thread)
{
    u->users |= (uint8_t)(1U << thread);
    if (writes)
        u->writers |= (uint8_t)(1U << thread);
    return u->is_hot;
}

bool explore_memory_use(const void *p, size_t size, bool writes, unsigned thread)
{
    const uintptr_t end    = (uintptr_t)p + size;
    bool            is_hot = false;

    for (uintptr_t at = (uintptr_t)p / WORD * WORD; at < end; at += WORD)
        is_hot |= use_word(use_of((const void *)at), writes, thread);
    return is_hot;
}

static bool is_contended(const use_t *u)
{
    return u->writers && (u->users & (u->users - 1));
}

bool explore_memory_learn(void)
{
    bool is_new = false;

    for (size_t i = 0; i < WORDS + OTHERS; i++)
        if (!uses[i].is_hot && is_contended(&uses[i]))
            is_new = uses[i].is_hot = true;
    return is_new;
}

void explore_memory_forget(void)
{
    memset(uses, 0, sizeof uses);
    memset(other, 0, sizeof other);
}

static const char *const complaints[] = { "an access beyond any block", "",
                                          "an access to a block that is freed" };

void explore_memory_check(const void *p, size_t size, bool writes)
{
    if (!is_ours(p))
        return;
    for (size_t i = word_of(p); i <= word_of((const char *)p + size - 1); i++)
        if (state[i] != LIVE)
            explore_fail("%s, a %s", complaints[state[i]], writes ? "write" : "read");
}

/* ---- blocks ---- */

static size_t *size_of(void *p)
{
    return (size_t *)((char *)p - GAP);
}

static void set_state(const void *p, size_t size, uint8_t to)
{
    memset(&state[word_of(p)], to, (size + WORD - 1) / WORD);
}

static void *take(size_t size, size_t align)
{
    size_t  *used = &taken[explore_self()];
    size_t   at   = (*used + GAP + align - 1) & ~(align - 1);
    uint8_t *p    = BASE + (size_t)explore_self() * PART + at;

    if (at + size > PART)
        explore_fail("explore: a thread takes more than %d bytes", PART);
    *used       = at + size;
    *size_of(p) = size;
    memset(p, 0xa5, size);
    set_state(p, size, LIVE);
    live++;
    return p;
}

/* To free is to write all of it. */
static void give(void *p, size_t size)
{
    if (!p)
        return;
    explore_touch(p, size, true);
    if (*size_of(p) != size)
        explore_fail("a block of %zu bytes is freed as one of %zu", *size_of(p), size);
    set_state(p, size, FREED);
    live--;
}

void *cc_alloc(size_t size)
{
    return take(size, 16);
}

void *cc_alloc_node(size_t size)
{
    return take(size, 64);
}

void *cc_alloc_aligned(size_t size, size_t align)
{
    return take(size, align);
}

void cc_free(void *ptr, size_t size)
{
    give(ptr, size);
}

void cc_free_node(void *ptr, size_t size)
{
    give(ptr, size);
}

void cc_free_aligned(void *ptr, size_t size, size_t align)
{
    (void)align;
    give(ptr, size);
}

/* ---- runs ---- */

static void reserve(void)
{
    static bool is_done;

    if (is_done)
        return;
    is_done = mmap(BASE, (size_t)PARTS * PART, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == BASE;
    if (!is_done)
        explore_fail("explore: no memory at %p", (void *)BASE);
}

void explore_memory_begin(void)
{
    reserve();
    for (size_t i = 0; i < PARTS; i++)
        memset(&state[i * PART / WORD], NOTHING, taken[i] / WORD + 1);
    memset(taken, 0, sizeof taken);
    live = 0;
}

void explore_memory_end(void)
{
    if (live > 0)
        explore_fail("%zu blocks are never freed", live);
}
