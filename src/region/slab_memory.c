/* SPDX-License-Identifier: MIT */
/* slab_memory.c - pages and words of a slab, and the list of vacant slots.
 *
 * Slots lie in pages, which do not move and may go back to the parent one by one. Words lie in one
 * array, which moves when it grows: they are 8 bytes a slot, and so a key is judged with one look
 * at memory, whether its page is there or not. They outlive pages, and with them the generations.
 * Only from the end does an array shrink: what is cut off leaves the highest generation behind,
 * with which all slots after it begin. Words in the pages would need no copying; it would take
 * another, dependent, look at memory for each operation, and a place for the generations all the
 * same.
 */
#include <string.h>
#include "prim/poison.h"
#include "region/slab.h"

enum { PAGE_ALIGN = 64 }; /* no object shares a line with what is not of the slab */

/* A slot with fewer generations left than were used keeps its word, lest it take as many of
 * others. */
#define HALF_WORN (UINT64_C(1) << 63)

static size_t page_align(const cc_slab_t *slab)
{
    return slab->align > PAGE_ALIGN ? slab->align : PAGE_ALIGN;
}

static uint64_t slots_in(const cc_slab_t *slab, uint32_t pages)
{
    return (uint64_t)pages << slab->page_shift;
}

/* The slots of a page that are below used: from *begin to *end. */
static void used_of_page(const cc_slab_t *slab, uint32_t page, uint32_t *begin, uint32_t *end)
{
    uint64_t first = slots_in(slab, page), after = slots_in(slab, page + 1);

    *begin = first < slab->used ? (uint32_t)first : slab->used;
    *end   = after < slab->used ? (uint32_t)after : slab->used;
}

bool cci_slab_has_fresh(const cc_slab_t *slab)
{
    return slab->used < slots_in(slab, slab->page_count) &&
           cci_slab_page(slab, slab->used >> slab->page_shift);
}

void cci_slab_set_fast(cc_slab_t *slab)
{
    bool slow  = slab->fifo || slab->guarded || slab->circulating > slab->peak;
    bool lines = slab->slot_size == CC_SLAB_LINE_ && slab->stride == CC_SLAB_LINE_;

    slab->fast       = slow ? 0 : slab->used;
    slab->fast_lines = lines ? slab->fast : 0;
}

/* ---- the list of vacant slots ---- */

static void append(cc_slab_t *slab, cc_slab_key_t next)
{
    if ((uint32_t)slab->vacant == CC_SLAB_NONE_)
        slab->vacant = next;
    else
        slab->words[slab->last_vacant] = next;
    slab->last_vacant              = (uint32_t)next;
    slab->words[slab->last_vacant] = CCI_SLAB_END;
}

void cci_slab_list(cc_slab_t *slab, uint32_t index, uint64_t generation)
{
    if (generation == 0) {
        slab->words[index] = CCI_SLAB_WORN;
        slab->circulating--;
    } else if (slab->fifo) {
        append(slab, generation | index);
    } else {
        slab->words[index] = slab->vacant;
        slab->vacant       = generation | index;
    }
}

/* List the vacant slots of a page that are in no list, low ones first. */
static void link_page(cc_slab_t *slab, uint32_t page)
{
    uint32_t begin, end;

    used_of_page(slab, page, &begin, &end);
    for (uint32_t n = 0; n < end - begin; n++) {
        uint32_t index = slab->fifo ? begin + n : end - 1 - n;
        if (cci_slab_is_live(slab, index))
            continue;
        slab->circulating++;
        cci_slab_list(slab, index, cci_slab_generation(slab->words[index]));
    }
}

void cci_slab_unlink(cc_slab_t *slab)
{
    while ((uint32_t)slab->vacant != CC_SLAB_NONE_) {
        uint64_t *word = &slab->words[(uint32_t)slab->vacant];
        uint64_t  next = *word;

        *word        = CCI_SLAB_UNLISTED(cci_slab_generation(slab->vacant));
        slab->vacant = next;
        slab->circulating--;
    }
}

void cci_slab_relink(cc_slab_t *slab)
{
    for (uint32_t n = 0; n < slab->page_count; n++) {
        uint32_t page = slab->fifo ? n : slab->page_count - 1 - n;
        if (cci_slab_page(slab, page))
            link_page(slab, page);
    }
    cci_slab_set_fast(slab);
}

/* ---- growth ---- */

/* Move an array of room entries into one of wanted, of which keep stay. NULL: it is where it
 * was. */
static void *move_array(cc_allocator_t parent, void *array, size_t entry, size_t keep, size_t room,
                        size_t wanted)
{
    void *moved = cc_allocator_alloc(parent, wanted * entry, entry);

    if (!moved)
        return NULL;
    if (keep)
        memcpy(moved, array, keep * entry);
    cc_allocator_free(parent, array, room * entry, entry);
    return moved;
}

static bool set_words_room(cc_slab_t *slab, uint32_t wanted)
{
    void *moved = move_array(slab->parent, slab->words, sizeof *slab->words, slab->used,
                             slab->words_room, wanted);

    if (!moved)
        return false;
    slab->words      = moved;
    slab->words_room = wanted;
    return true;
}

static bool set_pages_room(cc_slab_t *slab, uint32_t wanted)
{
    void *moved = move_array(slab->parent, slab->pages, sizeof *slab->pages, slab->page_count,
                             slab->pages_room, wanted);

    if (!moved)
        return false;
    slab->pages      = moved;
    slab->pages_room = wanted;
    return true;
}

/* Twice the room, and no less than what is needed. */
static uint32_t more(uint32_t room, uint32_t needed)
{
    uint32_t twice = room > UINT32_MAX / 2 ? UINT32_MAX : 2 * room;

    return twice > needed ? twice : needed;
}

static bool make_room(cc_slab_t *slab, uint32_t pages)
{
    uint64_t slots = slots_in(slab, pages);

    if (slots > CC_SLAB_NONE_ || slots > PTRDIFF_MAX / sizeof *slab->words / 2)
        return false;
    return (slots <= slab->words_room ||
            set_words_room(slab, more(slab->words_room, (uint32_t)slots))) &&
           (pages <= slab->pages_room || set_pages_room(slab, more(slab->pages_room, pages)));
}

static void set_page(cc_slab_t *slab, uint32_t page, uintptr_t address)
{
    slab->pages[page] = address - page * cci_slab_page_bytes(slab);
}

static bool new_page(cc_slab_t *slab, uint32_t page)
{
    size_t bytes   = cci_slab_page_bytes(slab);
    void  *address = cc_allocator_alloc(slab->parent, bytes, page_align(slab));

    if (!address)
        return false;
    cci_poison(address, bytes);
    set_page(slab, page, (uintptr_t)address);
    return true;
}

static void give_back_page(cc_slab_t *slab, uint32_t page)
{
    size_t bytes   = cci_slab_page_bytes(slab);
    void  *address = (void *)cci_slab_page(slab, page);

    if (!address)
        return;
    cci_unpoison(address, bytes);
    cc_allocator_free(slab->parent, address, bytes, page_align(slab));
    set_page(slab, page, 0);
}

static bool fill_hole(cc_slab_t *slab)
{
    uint32_t page = 0;

    while (cci_slab_page(slab, page))
        page++;
    if (!new_page(slab, page))
        return false;
    slab->holes--;
    link_page(slab, page);
    cci_slab_set_fast(slab);
    return true;
}

bool cci_slab_grow(cc_slab_t *slab)
{
    if (slab->holes)
        return fill_hole(slab);
    if (!make_room(slab, slab->page_count + 1) || !new_page(slab, slab->page_count))
        return false;
    slab->page_count++;
    return true;
}

/* ---- giving back ---- */

static bool page_has_objects(const cc_slab_t *slab, uint32_t page)
{
    uint32_t begin, end;

    used_of_page(slab, page, &begin, &end);
    for (uint32_t index = begin; index < end; index++)
        if (cci_slab_is_live(slab, index))
            return true;
    return false;
}

/* Forget vacant slots at the end. */
static void cut_used(cc_slab_t *slab)
{
    uint32_t used = slab->used;

    while (used && !cci_slab_is_live(slab, used - 1)) {
        uint64_t generation = cci_slab_generation(slab->words[used - 1]);
        if (generation == 0 || generation >= HALF_WORN)
            break;
        if (generation > slab->generation * CC_SLAB_GENERATION_)
            slab->generation = (uint32_t)(generation >> 32);
        used--;
    }
    slab->used = used;
}

static void give_back_pages(cc_slab_t *slab)
{
    uint32_t page_slots_mask = (UINT32_C(1) << slab->page_shift) - 1;
    uint32_t needed = (slab->used >> slab->page_shift) + ((slab->used & page_slots_mask) != 0);

    slab->holes = 0;
    for (uint32_t page = 0; page < slab->page_count; page++) {
        if (!page_has_objects(slab, page))
            give_back_page(slab, page);
        slab->holes += page < needed && !cci_slab_page(slab, page);
    }
    slab->page_count = needed;
}

static void release_arrays(cc_slab_t *slab)
{
    cc_allocator_free(slab->parent, slab->words, slab->words_room * sizeof *slab->words,
                      sizeof *slab->words);
    cc_allocator_free(slab->parent, slab->pages, slab->pages_room * sizeof *slab->pages,
                      sizeof *slab->pages);
    slab->words      = NULL;
    slab->pages      = NULL;
    slab->words_room = slab->pages_room = 0;
}

/* Arrays that would fit into half of their room get what they need; where there is no memory for
 * that they stay as they are. */
static void cut_arrays(cc_slab_t *slab)
{
    uint64_t slots = slots_in(slab, slab->page_count);

    if (slab->page_count == 0) {
        release_arrays(slab);
        return;
    }
    if (slots <= slab->words_room / 2)
        (void)set_words_room(slab, (uint32_t)slots);
    if (slab->page_count <= slab->pages_room / 2)
        (void)set_pages_room(slab, slab->page_count);
}

void cc_slab_shrink(cc_slab_t *slab)
{
    cci_slab_unlink(slab);
    cut_used(slab);
    give_back_pages(slab);
    cut_arrays(slab);
    cci_slab_relink(slab);
}

void cci_slab_release(cc_slab_t *slab)
{
    for (uint32_t page = 0; page < slab->page_count; page++)
        give_back_page(slab, page);
    slab->page_count = slab->holes = 0;
    release_arrays(slab);
}

/* ---- the invariants ---- */

static bool is_there(const cc_slab_t *slab, uint32_t index)
{
    return cci_slab_page(slab, index >> slab->page_shift) != 0;
}

/* The slots that should be in the list; SIZE_MAX: not as many objects as are live, or not in
 * pages. */
static size_t count_vacant(const cc_slab_t *slab)
{
    size_t live = 0, vacant = 0;

    for (uint32_t index = 0; index < slab->used; index++) {
        if (!cci_slab_is_live(slab, index))
            vacant += is_there(slab, index) && slab->words[index] != CCI_SLAB_WORN;
        else if (is_there(slab, index))
            live++;
        else
            return SIZE_MAX;
    }
    return live == slab->live ? vacant : SIZE_MAX;
}

/* The slots in the list; SIZE_MAX: it has one that should not be there, or no end. */
static size_t count_listed(const cc_slab_t *slab)
{
    size_t        count = 0;
    cc_slab_key_t last  = 0;

    for (cc_slab_key_t next = slab->vacant; (uint32_t)next != CC_SLAB_NONE_; count++) {
        uint32_t index = (uint32_t)next;
        if (index >= slab->used || count == slab->used || cci_slab_generation(next) == 0 ||
            cci_slab_is_live(slab, index) || !is_there(slab, index))
            return SIZE_MAX;
        last = next;
        next = slab->words[index];
    }
    return !slab->fifo || count == 0 || (uint32_t)last == slab->last_vacant ? count : SIZE_MAX;
}

static bool holes_are_counted(const cc_slab_t *slab)
{
    uint32_t holes = 0;

    for (uint32_t page = 0; page < slab->page_count; page++)
        holes += !cci_slab_page(slab, page);
    return holes == slab->holes;
}

static bool fits_its_arrays(const cc_slab_t *slab)
{
    return slab->used <= slots_in(slab, slab->page_count) &&
           slots_in(slab, slab->page_count) <= slab->words_room &&
           slab->page_count <= slab->pages_room;
}

bool cci_slab_is_valid(const cc_slab_t *slab)
{
    size_t vacant = count_vacant(slab);

    return vacant != SIZE_MAX && count_listed(slab) == vacant &&
           slab->circulating == slab->live + vacant && slab->live <= slab->peak &&
           (slab->fast == 0 || (slab->fast == slab->used && slab->circulating <= slab->peak)) &&
           holes_are_counted(slab) && fits_its_arrays(slab);
}
