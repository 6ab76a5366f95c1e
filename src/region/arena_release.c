/* SPDX-License-Identifier: MIT */
/* arena_release.c - what ends: marks, rewinds, resets, and giving back. See region/arena.h.
 *
 * A mark is an entry in the arena with a number that no other has. It is good as long as one with
 * its number is in the list. That costs a release one look at each entry that it undoes anyway.
 *
 * Entries are taken out before they are undone, so that a cleanup may allocate, and add another.
 */
#include "region/arena.h"
#include "prim/discard.h"
#include "prim/fault.h"
#include "prim/poison.h"

/* Of marks for which there was no memory. */
#define NO_SERIAL UINT64_MAX

/* ---- undoing ---- */

static void release_side(cc_arena_t *a, cci_side_t *side)
{
    a->side_used -= side->used;
    cci_poison((unsigned char *)side + CCI_ARENA_LINE, side->total - CCI_ARENA_LINE);
    side->entry.older = a->spares;
    a->spares         = &side->entry;
}

static void undo(cc_arena_t *a, cci_entry_t *entry)
{
    switch (entry->kind) {
    case CCI_MARK:
        break;
    case CCI_SIDE:
        release_side(a, (cci_side_t *)entry);
        break;
    case CCI_CLEANUP:
        ((cci_cleanup_t *)entry)->run(((cci_cleanup_t *)entry)->argument);
        break;
    case CCI_CHILD:
        cc_arena_fini(&((cci_child_t *)entry)->arena);
        break;
    }
}

/* Undo what is newer than an entry. */
static void unwind(cc_arena_t *a, const cci_entry_t *to)
{
    if (a->unwinding)
        cci_fault("arena", "a cleanup releases what its own arena holds");
    a->unwinding = true;
    while (a->newest != to) {
        cci_entry_t *entry = a->newest;
        a->newest          = entry->older;
        undo(a, entry);
    }
    a->unwinding = false;
}

static void poison_from(cci_chunk_t *chunk, unsigned char *from)
{
    cci_poison(from, (size_t)(chunk->end - from));
}

/* What was handed out from a place on must not be used any more. */
static void poison_released(const cc_arena_t *a, cci_place_t place)
{
    cci_chunk_t *end = cci_arena_following(a), *chunk = a->first;

    if (place.chunk) {
        poison_from(place.chunk, place.cursor);
        chunk = place.chunk->next;
    }
    for (; chunk != end; chunk = chunk->next)
        poison_from(chunk, cci_chunk_start(chunk));
}

static void go_back(cc_arena_t *a, cci_place_t place)
{
    if (a->watched)
        poison_released(a, place);
    cci_arena_move(a, place);
}

/* ---- marks ---- */

/* The block before the cursor is older than the mark now: it must not grow. Where the record of the
 * mark is not between, in a side chunk, a granule is; where there is none, the block has no room.
 * */
static void close_last_block(cc_arena_t *a, cci_place_t before)
{
    if (a->bump.cursor == before.cursor && a->bump.cursor < a->bump.limit)
        a->bump.cursor += CC_BUMP_GRANULE_;
}

cc_arena_mark_t cc_arena_mark(cc_arena_t *a)
{
    cci_place_t  before = { a->current, a->bump.cursor };
    cci_entry_t *newest = a->newest;
    cci_mark_t  *mark   = cc_arena_alloc_(a, sizeof *mark, _Alignof(cci_mark_t));

    if (!mark)
        return (cc_arena_mark_t){ NO_SERIAL };
    close_last_block(a, before);
    *mark = (cci_mark_t){ .serial        = cci_arena_serial(a),
                          .before        = before,
                          .after         = { a->current, a->bump.cursor },
                          .newest_before = newest };
    cci_arena_push(a, &mark->entry, CCI_MARK);
    return (cc_arena_mark_t){ mark->serial };
}

/* The mark, if it is in the list. */
static const cci_mark_t *find(const cc_arena_t *a, cc_arena_mark_t mark)
{
    for (const cci_entry_t *e = a->newest; e; e = e->older)
        if (e->kind == CCI_MARK && ((const cci_mark_t *)e)->serial == mark.serial)
            return (const cci_mark_t *)e;
    return NULL;
}

static void rewind_to(cc_arena_t *a, const cci_entry_t *newest, cci_place_t place)
{
    cci_arena_note_peak(a);
    unwind(a, newest);
    go_back(a, place);
}

void cc_arena_rewind(cc_arena_t *a, cc_arena_mark_t mark)
{
    const cci_mark_t *m = find(a, mark);

    if (m)
        rewind_to(a, &m->entry, m->after);
    else if (mark.serial != NO_SERIAL)
        cci_fault("arena", "rewind to a mark that is stale or of another arena");
}

bool cci_arena_rewind_before(cc_arena_t *a, cc_arena_mark_t mark)
{
    const cci_mark_t *m = find(a, mark);

    if (m)
        rewind_to(a, m->newest_before, m->before);
    return m || mark.serial == NO_SERIAL;
}

/* ---- giving back ---- */

static void drop_spares(cc_arena_t *a, size_t keep)
{
    while (a->spares && a->reserved > keep) {
        cci_side_t *side = (cci_side_t *)a->spares;
        a->spares        = side->entry.older;
        cci_arena_return(a, side, side->total);
    }
}

/* Of the empty chunks those that come first are kept: they are used first. */
static void drop_chunks(cc_arena_t *a, size_t keep)
{
    size_t held = a->reserved;

    for (const cci_chunk_t *c = cci_arena_following(a); c; c = c->next)
        held -= c->total;
    for (cci_chunk_t **link = a->current ? &a->current->next : &a->first; *link;) {
        cci_chunk_t *chunk = *link;
        if (chunk->total <= keep - (held < keep ? held : keep)) {
            held += chunk->total;
            link = &chunk->next;
        } else {
            *link = chunk->next;
            cci_arena_return(a, chunk, chunk->total);
        }
    }
}

static bool is_empty(const cc_arena_t *a)
{
    return !a->newest && cci_arena_used(a) == 0;
}

void cc_arena_trim(cc_arena_t *a, size_t keep)
{
    if (is_empty(a))
        go_back(a, (cci_place_t){ NULL, NULL });
    if (a->reserved > keep) {
        drop_spares(a, keep);
        drop_chunks(a, keep);
    }
    if (!a->current && a->first)
        cci_arena_advance(a);
}

void cc_arena_reset_(cc_arena_t *a, size_t keep)
{
    cci_arena_note_peak(a);
    unwind(a, NULL);
    go_back(a, (cci_place_t){ NULL, NULL });
    cc_arena_trim(a, keep);
}

void cc_arena_fini(cc_arena_t *a)
{
    cc_arena_reset_(a, CC_ARENA_KEEP_NONE);
    if (a->first) /* the caller's buffer */
        cci_unpoison(a->start, (size_t)(a->first->end - a->start));
    *a = (cc_arena_t){ 0 };
}

size_t cc_arena_decommit(cc_arena_t *a)
{
    size_t bytes = 0;

    if (a->current)
        bytes += cci_discard(a->bump.cursor, (size_t)(a->current->end - a->bump.cursor));
    for (cci_chunk_t *c = cci_arena_following(a); c; c = c->next)
        bytes += cci_discard(cci_chunk_start(c), (size_t)(c->end - cci_chunk_start(c)));
    for (cci_entry_t *s = a->spares; s; s = s->older)
        bytes += cci_discard((unsigned char *)s + CCI_ARENA_LINE,
                             ((cci_side_t *)s)->total - CCI_ARENA_LINE);
    return bytes;
}

/* ---- questions ---- */

static bool holds(const void *start, size_t size, const void *ptr)
{
    return (uintptr_t)ptr - (uintptr_t)start < size;
}

static bool chunks_hold(const cc_arena_t *a, const void *ptr)
{
    for (cci_chunk_t *c = a->first; a->current; c = c->next) {
        size_t used = c == a->current ? (size_t)(a->bump.cursor - a->start) : c->used;
        if (holds(cci_chunk_start(c), used, ptr))
            return true;
        if (c == a->current)
            break;
    }
    return false;
}

bool cc_arena_owns(const cc_arena_t *a, const void *ptr)
{
    for (const cci_entry_t *e = a->newest; e; e = e->older) {
        const cci_side_t *side = (const cci_side_t *)e;
        if (e->kind == CCI_SIDE && holds(side->block, side->used, ptr))
            return true;
    }
    return chunks_hold(a, ptr);
}

cc_arena_stats_t cc_arena_stats(const cc_arena_t *a)
{
    size_t used = cci_arena_used(a);

    return (cc_arena_stats_t){ .used          = used,
                               .peak          = used > a->peak ? used : a->peak,
                               .reserved      = a->reserved,
                               .chunks        = a->chunks,
                               .parent_allocs = a->parent_allocs };
}
