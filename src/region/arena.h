/* SPDX-License-Identifier: MIT */
/* region/arena.h - what an arena is made of; the contract is in ccmem/arena.h.
 *
 * Chunks are a list in the order of use: up to the current one they are full, the ones behind it
 * are empty and wait. So the chunks that a program went through are there again in the same order
 * after a reset, whatever is asked for in between.
 *
 * Entries are a list, newest first, of what a release has to undo besides moving the cursor. Marks
 * are entries too, so that one walk finds whether a mark is good and what came after it.
 */
#ifndef CCI_REGION_ARENA_H
#define CCI_REGION_ARENA_H
#include <ccmem/arena.h>

/* Chunks begin at a line, and so do their free bytes. */
enum { CCI_ARENA_LINE = 64 };

typedef struct cc_arena_chunk_ cci_chunk_t;
typedef struct cc_arena_entry_ cci_entry_t;

struct cc_arena_chunk_ {
    cci_chunk_t   *next;
    unsigned char *end;    /* a multiple of 16 */
    size_t         total;  /* bytes of the parent; 0: the caller's buffer */
    size_t         before; /* bytes used in the chunks before, when this one became current */
    size_t         used;   /* of this one, when the next one became current */
};

typedef enum { CCI_MARK, CCI_SIDE, CCI_CLEANUP, CCI_CHILD } cci_entry_kind_t;

struct cc_arena_entry_ {
    cci_entry_t     *older;
    cci_entry_kind_t kind;
};

/* Where the cursor is. */
typedef struct cci_place {
    cci_chunk_t   *chunk; /* NULL: before the first */
    unsigned char *cursor;
} cci_place_t;

typedef struct cci_mark {
    cci_entry_t  entry;
    uint64_t     serial;
    cci_place_t  before, after; /* of this mark itself */
    cci_entry_t *newest_before;
} cci_mark_t;

/* A chunk with one block; spares are a list of such entries. */
typedef struct cci_side {
    cci_entry_t    entry;
    size_t         total; /* bytes of the parent */
    unsigned char *block;
    size_t         used;
} cci_side_t;

typedef struct cci_cleanup {
    cci_entry_t entry;
    void (*run)(void *argument);
    void *argument;
} cci_cleanup_t;

typedef struct cci_child {
    cci_entry_t entry;
    cc_arena_t  arena;
} cci_child_t;

_Static_assert(sizeof(cci_chunk_t) <= CCI_ARENA_LINE && sizeof(cci_side_t) <= CCI_ARENA_LINE,
               "the free bytes begin one line behind");
_Static_assert(sizeof(cci_mark_t) == 64, "as ccmem/arena.h says");

/* ---- arena.c ---- */

/* The first free byte of a chunk. */
static inline unsigned char *cci_chunk_start(cci_chunk_t *chunk)
{
    return (unsigned char *)chunk + CCI_ARENA_LINE;
}

/* The chunk that is used when the current one is full; NULL: it has yet to be made. */
static inline cci_chunk_t *cci_arena_following(const cc_arena_t *a)
{
    return a->current ? a->current->next : a->first;
}

/* Bytes used now. */
size_t cci_arena_used(const cc_arena_t *a);

/* Before bytes become free: remember how many were used. */
void cci_arena_note_peak(cc_arena_t *a);

/* Put the cursor into a chunk, which becomes the current one; NULL: before the first. */
void cci_arena_move(cc_arena_t *a, cci_place_t place);

/* Make the following chunk the current one. False: there is none and none can be had. */
bool cci_arena_advance(cc_arena_t *a);

/* The next number of a mark, which no other mark of any arena has. */
uint64_t cci_arena_serial(cc_arena_t *a);

/* Add an entry to what a release undoes. */
void cci_arena_push(cc_arena_t *a, cci_entry_t *entry, cci_entry_kind_t kind);

/* Give a block back to the parent. */
void cci_arena_return(cc_arena_t *a, void *block, size_t total);

/* ---- arena_release.c ---- */

/* As a rewind, which also takes the mark away: the arena is as before it was taken. False: the mark
 * is stale, nothing was done. */
bool cci_arena_rewind_before(cc_arena_t *a, cc_arena_mark_t mark);

#endif
