/* SPDX-License-Identifier: MIT */
/* slab.c - see ccmem/slab.h for the contract, ccmem/slab_inline.h for words and keys, and
 * slab_memory.c for where they lie.
 *
 * A generation belongs to a slot and grows with each removal. A slot whose 2^32 - 1 generations
 * are used up is never used again: to begin anew would make keys valid that were removed long ago.
 * The price is a slot for each 2^32 objects, and CC_SLAB_FIFO spreads them over a page at least.
 *
 * What costs more than the inline way has room for is here: new slots, FIFO order, and telling a
 * tool that watches memory what may be used.
 */
#include <string.h>
#include "prim/fault.h"
#include "prim/poison.h"
#include "region/slab.h"
#include "region/stride.h"

enum { PAGE_BYTES = 64 * 1024 }; /* at most, but for slots that are larger */

_Static_assert(PAGE_BYTES == CC_SLAB_LINE_ << CC_SLAB_LINE_SHIFT_, "a page of lines");

/* ---- life ---- */

/* As many slots as fit into PAGE_BYTES, rounded down to a power of two; one at least. */
static uint8_t page_shift_of(size_t stride)
{
    uint8_t shift = 0;

    while (stride << (shift + 1) <= PAGE_BYTES)
        shift++;
    return shift;
}

cc_result_t cc_slab_init(cc_slab_t *slab, cc_allocator_t parent, size_t slot_size, size_t align,
                         unsigned flags)
{
    if (slot_size == 0 || slot_size > PTRDIFF_MAX / 2 || align > CC_SLAB_ALIGN_MAX ||
        (align & (align - 1)) != 0 || (flags & ~CC_SLAB_FIFO) != 0)
        return CC_RESULT_INVALID;
    if (align == 0)
        align = cci_natural_align(slot_size);

    bool   guarded = cci_poison_active();
    size_t stride  = cci_stride(slot_size, align, guarded);
    *slab          = (cc_slab_t){
                 .stride     = stride,
                 .slot_size  = slot_size,
                 .vacant     = CCI_SLAB_END,
                 .generation = 1,
                 .page_shift = page_shift_of(stride),
                 .fifo       = flags & CC_SLAB_FIFO,
                 .guarded    = guarded,
                 .align      = align,
                 .parent     = parent,
    };
    return CC_RESULT_OK;
}

void cc_slab_fini(cc_slab_t *slab)
{
    cci_slab_release(slab);
    slab->vacant = CCI_SLAB_END;
    slab->used = slab->live = slab->circulating = 0;
    cci_slab_set_fast(slab);
}

/* ---- objects ---- */

static cc_slab_key_t take_fresh(cc_slab_t *slab)
{
    slab->circulating++;
    return slab->generation * CC_SLAB_GENERATION_ | slab->used++;
}

static cc_slab_key_t take_vacant(cc_slab_t *slab)
{
    cc_slab_key_t next = slab->vacant;

    slab->vacant = slab->words[(uint32_t)next];
    return next;
}

/* The next key, to a slot that has memory; 0: there is no more. A page all of whose slots are worn
 * is no help, and the next is taken. */
static cc_slab_key_t take(cc_slab_t *slab)
{
    do {
        bool fresh = cci_slab_has_fresh(slab);
        if ((uint32_t)slab->vacant != CC_SLAB_NONE_ && !(slab->fifo && fresh))
            return take_vacant(slab);
        if (fresh)
            return take_fresh(slab);
    } while (cci_slab_grow(slab));
    return 0;
}

cc_slab_made_t_ cc_slab_insert_slow_(cc_slab_t *slab)
{
    cc_slab_key_t next = take(slab);

    if (next == 0)
        return (cc_slab_made_t_){ NULL, 0 };
    slab->words[(uint32_t)next] = next;
    if (++slab->live > slab->peak)
        slab->peak = slab->live;
    cci_slab_set_fast(slab);
    void *slot = cc_slab_at_(slab, (uint32_t)next);
    cci_unpoison(slot, slab->slot_size);
    return (cc_slab_made_t_){ slot, next };
}

static cc_slab_made_t_ make(cc_slab_t *slab)
{
    cc_slab_made_t_ made = { NULL, 0 };

    made.slot = cc_slab_insert(slab, &made.key);
    return made;
}

cc_slab_made_t_ cc_slab_insert_zeroed_slow_(cc_slab_t *slab)
{
    cc_slab_made_t_ made = make(slab);

    if (made.slot)
        memset(made.slot, 0, slab->slot_size);
    return made;
}

static void fill(unsigned char *slot, const void *what, size_t size, size_t slot_size)
{
    if (size) /* what may be NULL */
        memcpy(slot, what, size);
    memset(slot + size, 0, slot_size - size);
}

cc_slab_made_t_ cc_slab_insert_from_slow_(cc_slab_t *slab, const void *what, size_t size)
{
    if (size > slab->slot_size)
        return (cc_slab_made_t_){ NULL, 0 };
    cc_slab_made_t_ made = make(slab);
    if (made.slot)
        fill(made.slot, what, size, slab->slot_size);
    return made;
}

/* An object ends; its slot is live no more, and in no list. Returns the generation of its next key:
 * after the last the sum wraps to 0, which means worn. */
static uint64_t end_object(cc_slab_t *slab, cc_slab_key_t key)
{
    uint64_t generation = cci_slab_generation(key) + CC_SLAB_GENERATION_;

    cci_poison(cc_slab_at_(slab, (uint32_t)key), slab->slot_size);
    slab->words[(uint32_t)key] = CCI_SLAB_UNLISTED(generation);
    slab->live--;
    return generation;
}

cc_result_t cc_slab_remove_slow_(cc_slab_t *slab, cc_slab_key_t key)
{
    if ((uint32_t)key >= slab->used)
        return CC_RESULT_OUT_OF_RANGE;
    if (!cc_slab_contains(slab, key))
        return CC_RESULT_STALE;
    cci_slab_list(slab, (uint32_t)key, end_object(slab, key));
    cci_slab_set_fast(slab);
    return CC_RESULT_OK;
}

cc_slab_key_t cc_slab_iterate(const cc_slab_t *slab, cc_slab_key_t key)
{
    for (uint64_t index = key ? (key & CC_SLAB_NONE_) + 1 : 0; index < slab->used; index++)
        if (cci_slab_is_live(slab, (uint32_t)index))
            return slab->words[index];
    return 0;
}

void cc_slab_clear(cc_slab_t *slab)
{
    cci_slab_unlink(slab);
    for (cc_slab_key_t key = 0; (key = cc_slab_iterate(slab, key)) != 0;) {
        end_object(slab, key);
        slab->circulating--;
    }
    cci_slab_relink(slab);
}

/* ---- memory ---- */

size_t cc_slab_capacity(const cc_slab_t *slab)
{
    return (size_t)(slab->page_count - slab->holes) << slab->page_shift;
}

cc_result_t cc_slab_reserve(cc_slab_t *slab, size_t slots)
{
    while (cc_slab_capacity(slab) < slots)
        if (!cci_slab_grow(slab))
            return CC_RESULT_NO_MEMORY;
    return CC_RESULT_OK;
}

/* The page that a pointer leads into; page_count: none. */
static uint32_t page_of(const cc_slab_t *slab, const void *ptr)
{
    uint32_t page = 0;

    while (page < slab->page_count &&
           (!cci_slab_page(slab, page) ||
            (uintptr_t)ptr - cci_slab_page(slab, page) >= cci_slab_page_bytes(slab)))
        page++;
    return page;
}

bool cc_slab_owns(const cc_slab_t *slab, const void *ptr)
{
    return page_of(slab, ptr) < slab->page_count;
}

cc_slab_key_t cc_slab_key_of(const cc_slab_t *slab, const void *ptr)
{
    uint32_t page = page_of(slab, ptr);

    if (page == slab->page_count)
        return 0;
    size_t offset = (uintptr_t)ptr - cci_slab_page(slab, page);
    size_t index  = ((size_t)page << slab->page_shift) + offset / slab->stride;
    if (offset % slab->stride != 0 || index >= slab->used ||
        !cci_slab_is_live(slab, (uint32_t)index))
        return 0;
    return slab->words[index];
}

cc_slab_stats_t cc_slab_stats(const cc_slab_t *slab)
{
    cc_slab_stats_t stats = {
        .live       = slab->live,
        .peak       = slab->peak,
        .capacity   = cc_slab_capacity(slab),
        .used_bytes = slab->live * slab->slot_size,
        .page_bytes = cc_slab_capacity(slab) * slab->stride,
    };

    for (uint32_t index = 0; index < slab->used; index++)
        stats.worn += slab->words[index] == CCI_SLAB_WORN;
    stats.reserved_bytes = stats.page_bytes + slab->words_room * sizeof *slab->words +
                           slab->pages_room * sizeof *slab->pages;
    return stats;
}

/* ---- as an allocator ---- */

/* Where a slot that is a block keeps its key. */
static unsigned char *key_place(const cc_slab_t *slab, void *block)
{
    return (unsigned char *)block + slab->slot_size - sizeof(cc_slab_key_t);
}

/* The key of a live block. What a tool has marked is not to be read, not even here. */
static cc_slab_key_t key_of_block(const cc_slab_t *slab, void *block)
{
    cc_slab_key_t key;

    if (slab->guarded)
        return cc_slab_key_of(slab, block);
    memcpy(&key, key_place(slab, block), sizeof key);
    return cc_slab_get(slab, key) == block ? key : 0;
}

static void *slab_alloc(void *self, size_t size, size_t align)
{
    cc_slab_t    *slab = self;
    cc_slab_key_t key;

    if (slab->slot_size < sizeof key || size > slab->slot_size - sizeof key || align > slab->align)
        return NULL;
    void *block = cc_slab_insert(slab, &key);
    if (block)
        memcpy(key_place(slab, block), &key, sizeof key);
    return block;
}

static void slab_free(void *self, void *block, size_t size, size_t align)
{
    (void)size;
    (void)align;
    if (cc_slab_remove(self, key_of_block(self, block)) != CC_RESULT_OK)
        cci_fault("slab", "free of %p: no block in use", block);
}

cc_allocator_t cc_slab_allocator(cc_slab_t *slab)
{
    static const cc_allocator_ops_t ops = { slab_alloc, slab_free };

    return (cc_allocator_t){ &ops, slab };
}
