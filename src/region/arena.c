/* SPDX-License-Identifier: MIT */
/* arena.c - allocation; see ccmem/arena.h for the contract, region/arena.h for the parts.
 *
 * Only the current chunk has free bytes worth looking at. What is left in it when the next one is
 * taken is given up: looking for it would cost every allocation. A block that would take more than
 * a quarter of the next chunk gets one of its own instead, a side chunk, so that the loss is small
 * and large blocks do not make the chunks grow. What "large" means depends on the next chunk alone,
 * so a program that repeats itself after a reset finds each chunk where it was.
 *
 * Without memory for a whole chunk a block gets a side chunk too, which is the least that it needs.
 *
 * While a tool watches (prim/poison.h), free bytes are poisoned, blocks keep a distance, and the
 * limit stays at the cursor: no block is made in the program itself.
 *
 * Invariant: cursor <= limit, limit a multiple of 16; limit == (watched ? cursor : current->end);
 *            chunk == NULL  <=>  cursor == NULL.
 */
#include "region/arena.h"
#include <stdatomic.h>
#include <string.h>
#include "prim/poison.h"

/* No block is larger; so what is added to a size below cannot overflow. */
#define SIZE_MOST ((size_t)PTRDIFF_MAX / 2)

#define LARGE_PART 4 /* of the next chunk */

static bool is_alignment(size_t align)
{
    return align - 1 < CC_ARENA_ALIGN_MAX && (align & (align - 1)) == 0;
}

static uintptr_t align_up(uintptr_t at, size_t align)
{
    return (at + (align - 1)) & ~(uintptr_t)(align - 1);
}

/* What a block may take at most, if it begins in a chunk: these start at a line. */
static size_t with_gap(size_t size, size_t align)
{
    return align > CCI_ARENA_LINE ? size + (align - CCI_ARENA_LINE) : size;
}

static size_t between(size_t low, size_t n, size_t high)
{
    return n < low ? low : n > high ? high : n;
}

/* ---- figures ---- */

size_t cci_arena_used(const cc_arena_t *a)
{
    if (!a->current)
        return a->side_used;
    return a->current->before + (size_t)(a->bump.cursor - a->start) + a->side_used;
}

void cci_arena_note_peak(cc_arena_t *a)
{
    size_t used = cci_arena_used(a);

    if (used > a->peak)
        a->peak = used;
}

/* ---- numbers of marks ---- */

/* Arenas take them by the 2^16, each time from where the last one ended. */
uint64_t cci_arena_serial(cc_arena_t *a)
{
    static _Atomic uint64_t ranges;

    if ((++a->serial & UINT16_MAX) <= 1) /* of a new arena, or all of a range */
        a->serial = (atomic_fetch_add_explicit(&ranges, 1, memory_order_relaxed) << 16) + 2;
    return a->serial; /* an order is not needed: it is a number, and nothing more */
}

/* ---- the parent ---- */

/* What the limits of an arena, and of those that it is a child of, let it take. */
static size_t left_to_take(const cc_arena_t *a)
{
    size_t left = SIZE_MAX;

    for (; a; a = a->above)
        if (a->most - a->held < left)
            left = a->most - a->held;
    return left;
}

/* The arena holds more; less, if bytes is a negative number. */
static void hold(cc_arena_t *a, size_t bytes)
{
    a->reserved += bytes;
    for (; a; a = a->above)
        a->held += bytes;
}

static void *ask_parent(cc_arena_t *a, size_t total)
{
    if (!a->parent.ops || total > left_to_take(a))
        return NULL;
    void *block = a->parent.ops->alloc(a->parent.self, total, CCI_ARENA_LINE);
    if (block) {
        hold(a, total);
        a->chunks++;
        a->parent_allocs++;
    }
    return block;
}

void cci_arena_return(cc_arena_t *a, void *block, size_t total)
{
    cci_unpoison(block, total);
    hold(a, -total);
    a->chunks--;
    a->parent.ops->free(a->parent.self, block, total, CCI_ARENA_LINE);
}

/* ---- chunks ---- */

static cci_chunk_t *format(void *memory, size_t size, size_t total)
{
    cci_chunk_t   *chunk = memory;
    unsigned char *end   = (unsigned char *)memory + size;

    *chunk = (cci_chunk_t){ .end = end - ((uintptr_t)end & 15), .total = total };
    cci_poison(cci_chunk_start(chunk), (size_t)(chunk->end - cci_chunk_start(chunk)));
    return chunk;
}

/* The size of a chunk behind the last one: twice as large, or what the limit leaves. */
static size_t next_total(const cc_arena_t *a)
{
    size_t total = a->chunk_size, left = left_to_take(a);

    if (a->current) {
        size_t twice = 2 * (size_t)(a->current->end - (unsigned char *)a->current);
        total        = between(a->chunk_size, twice, a->chunk_max);
    }
    return total < left ? total : left;
}

static bool is_large(const cc_arena_t *a, size_t room)
{
    cci_chunk_t *next  = cci_arena_following(a);
    size_t       total = next ? (size_t)(next->end - (unsigned char *)next) : next_total(a);

    return total < CCI_ARENA_LINE || room > (total - CCI_ARENA_LINE) / LARGE_PART;
}

/* Behind the last chunk. On failure: no change. */
static bool add_chunk(cc_arena_t *a)
{
    size_t total  = next_total(a);
    void  *memory = ask_parent(a, total);

    if (!memory)
        return false;
    *(a->current ? &a->current->next : &a->first) = format(memory, total, total);
    return true;
}

/* Whether the next reset has only the cursor to move. */
static bool is_plain(const cc_arena_t *a)
{
    return a->current && a->current == a->first && !a->newest && !a->watched;
}

void cci_arena_move(cc_arena_t *a, cci_place_t place)
{
    a->current     = place.chunk;
    a->start       = place.chunk ? cci_chunk_start(place.chunk) : NULL;
    a->bump.cursor = place.cursor;
    a->bump.limit  = a->watched || !place.chunk ? place.cursor : place.chunk->end;
    a->high        = is_plain(a) ? a->peak + 1 : 0;
}

bool cci_arena_advance(cc_arena_t *a)
{
    if (!cci_arena_following(a) && !add_chunk(a))
        return false;
    cci_chunk_t *next = cci_arena_following(a);
    next->before      = 0;
    if (a->current) {
        a->current->used = (size_t)(a->bump.cursor - a->start);
        next->before     = a->current->before + a->current->used;
    }
    cci_arena_move(a, (cci_place_t){ next, cci_chunk_start(next) });
    return true;
}

/* ---- side chunks ---- */

void cci_arena_push(cc_arena_t *a, cci_entry_t *entry, cci_entry_kind_t kind)
{
    entry->older = a->newest;
    entry->kind  = kind;
    a->newest    = entry;
    a->high      = 0;
}

static size_t total_of(const cci_entry_t *side)
{
    return ((const cci_side_t *)side)->total;
}

/* The smallest spare that is large enough, taken out; NULL: none. A sequence of sizes that comes
 * again finds each its own. */
static cci_side_t *take_spare(cc_arena_t *a, size_t total)
{
    cci_entry_t **best = NULL;

    for (cci_entry_t **e = &a->spares; *e; e = &(*e)->older)
        if (total_of(*e) >= total && (!best || total_of(*e) < total_of(*best)))
            best = e;
    if (!best)
        return NULL;
    cci_entry_t *side = *best;
    *best             = side->older;
    return (cci_side_t *)side;
}

static cci_side_t *make_side(cc_arena_t *a, size_t total)
{
    cci_side_t *side = ask_parent(a, total);

    if (side) {
        side->total = total;
        cci_poison((unsigned char *)side + CCI_ARENA_LINE, total - CCI_ARENA_LINE);
    }
    return side;
}

static void *alloc_side(cc_arena_t *a, size_t room, size_t align)
{
    size_t      total = CCI_ARENA_LINE + with_gap(room, align);
    cci_side_t *side  = take_spare(a, total);

    if (!side && !(side = make_side(a, total)))
        return NULL;
    side->block = (unsigned char *)align_up((uintptr_t)side + CCI_ARENA_LINE, align);
    side->used  = room;
    a->side_used += room;
    cci_arena_push(a, &side->entry, CCI_SIDE);
    return side->block;
}

/* ---- blocks ---- */

/* In the current chunk; NULL: no room. */
static void *alloc_here(cc_arena_t *a, size_t size, size_t align)
{
    uintptr_t at = cc_bump_at_(&a->bump, align);

    if (!a->current || at > (uintptr_t)a->current->end || size > (uintptr_t)a->current->end - at)
        return NULL;
    void *block = cc_bump_take_(&a->bump, at, size);
    if (a->watched)
        a->bump.limit = a->bump.cursor;
    return block;
}

static void *alloc_anywhere(cc_arena_t *a, size_t size, size_t align)
{
    void *block = alloc_here(a, size, align);

    if (block)
        return block;
    if (!is_large(a, with_gap(size, align)) && cci_arena_advance(a))
        return alloc_here(a, size, align);
    return alloc_side(a, size, align);
}

/* With a distance behind it, and of a size that leaves the cursor where the limit may be. */
static void *alloc_watched(cc_arena_t *a, size_t size, size_t align)
{
    size_t room  = (size + CCI_RED_ZONE + 15) & ~(size_t)15;
    void  *block = alloc_anywhere(a, room, align);

    if (block)
        cci_unpoison(block, size);
    return block;
}

/* Not in place: so `alloc`, which ends with this call, needs no stack frame on its short way. */
static __attribute__((noinline)) void *alloc_slowly(cc_arena_t *a, size_t size, size_t align)
{
    if (!is_alignment(align) || size > SIZE_MOST)
        return NULL;
    return a->watched ? alloc_watched(a, size, align) : alloc_anywhere(a, size, align);
}

/* The inline way, for alignments that are not known there. They are told apart by branches, since
 * the cursor, for which the next call waits, would have to wait for anything else. */
static inline void *alloc(cc_arena_t *a, size_t size, size_t align)
{
    uintptr_t at;

    if (align - 1 < CC_BUMP_GRANULE_ && (align & (align - 1)) == 0) {
        at = cc_bump_at_(&a->bump, 1);
        if (cc_bump_fits_(&a->bump, at, size, 1))
            return cc_bump_take_(&a->bump, at, size);
    } else if (align == 16) {
        at = cc_bump_at_(&a->bump, 16);
        if (cc_bump_fits_(&a->bump, at, size, 16))
            return cc_bump_take_(&a->bump, at, size);
    }
    return alloc_slowly(a, size, align);
}

void *cc_arena_alloc_(cc_arena_t *a, size_t size, size_t align)
{
    return alloc(a, size, align);
}

/* Bytes of a block that are not needed any more, from start on to its end. */
static void give_up(cc_arena_t *a, unsigned char *start, size_t bytes)
{
    uintptr_t from = cc_bump_room_((uintptr_t)start);
    uintptr_t end  = cc_bump_room_((uintptr_t)start + bytes);

    if (a->watched) {
        cci_poison((void *)from, end - from);
    } else if (end == (uintptr_t)a->bump.cursor) {
        cci_arena_note_peak(a);
        a->bump.cursor = (unsigned char *)from;
    }
}

void cc_arena_free(cc_arena_t *a, void *ptr, size_t size)
{
    if (ptr)
        give_up(a, ptr, size);
}

/* Here a block grows only by moving: in place is done in the header. */
void *cc_arena_resize_(cc_arena_t *a, void *ptr, size_t old_size, size_t new_size, size_t align)
{
    if (!ptr)
        return alloc(a, new_size, align);
    if (new_size <= old_size) {
        give_up(a, (unsigned char *)ptr + new_size, old_size - new_size);
        return ptr;
    }
    void *moved = alloc(a, new_size, align);
    if (moved) {
        memcpy(moved, ptr, old_size);
        give_up(a, ptr, old_size);
    }
    return moved;
}

/* ---- life ---- */

static void use_buffer(cc_arena_t *a, void *buffer, size_t size)
{
    size_t gap = (size_t)(-(uintptr_t)buffer & (CCI_ARENA_LINE - 1));

    if (!buffer || size < gap + CCI_ARENA_LINE)
        return;
    a->first = format((unsigned char *)buffer + gap, size - gap, 0);
    cci_arena_advance(a);
}

void cc_arena_init(cc_arena_t *a, cc_allocator_t parent, const cc_arena_options_t *options)
{
    cc_arena_options_t o = options ? *options : (cc_arena_options_t){ 0 };

    if (!o.limit)
        o.limit = SIZE_MAX;
    if (!o.chunk_size)
        o.chunk_size = CC_ARENA_CHUNK_DEFAULT;
    if (!o.chunk_max)
        o.chunk_max = CC_ARENA_CHUNK_MAX;
    o.chunk_size = between(CC_ARENA_CHUNK_MIN, o.chunk_size, SIZE_MOST);
    *a           = (cc_arena_t){ .parent     = parent,
                                 .chunk_size = o.chunk_size,
                                 .chunk_max  = between(o.chunk_size, o.chunk_max, SIZE_MOST),
                                 .most       = o.limit,
                                 .watched    = cci_poison_active() };
    use_buffer(a, o.buffer, o.buffer_size);
}

cc_arena_t *cc_arena_create_child(cc_arena_t *parent)
{
    cci_child_t *child = cc_arena_alloc_(parent, sizeof *child, _Alignof(cci_child_t));

    if (!child)
        return NULL;
    cc_arena_init(
        &child->arena, parent->parent,
        &(cc_arena_options_t){ .chunk_size = parent->chunk_size, .chunk_max = parent->chunk_max });
    child->arena.above = parent;
    cci_arena_push(parent, &child->entry, CCI_CHILD);
    return &child->arena;
}

bool cc_arena_add_cleanup(cc_arena_t *a, void (*run)(void *argument), void *argument)
{
    cci_cleanup_t *cleanup = cc_arena_alloc_(a, sizeof *cleanup, _Alignof(cci_cleanup_t));

    if (!cleanup)
        return false;
    cleanup->run      = run;
    cleanup->argument = argument;
    cci_arena_push(a, &cleanup->entry, CCI_CLEANUP);
    return true;
}

/* ---- as an allocator ---- */

static void *arena_alloc(void *self, size_t size, size_t align)
{
    return alloc(self, size, align);
}

static void arena_free(void *self, void *ptr, size_t size, size_t align)
{
    (void)align;
    cc_arena_free(self, ptr, size);
}

const cc_allocator_ops_t cc_arena_ops_ = { arena_alloc, arena_free };

cc_allocator_t cc_arena_allocator(cc_arena_t *a)
{
    return (cc_allocator_t){ &cc_arena_ops_, a };
}
