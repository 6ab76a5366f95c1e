/* SPDX-License-Identifier: MIT */
/* ring_init.c - where a ring's bytes come from, and its end.
 *
 * Shared memory begins with a head that says what lies behind it. The one who lays it out writes
 * the mark last; the one who attaches reads it first, believes none of the rest before it is
 * checked against what is mapped, and never reads it again.
 */
#include "region/ring_parts.h"

#include "prim/checker.h"
#include "prim/mirror.h"
#include "prim/pages.h"
#include "prim/poison.h"

static const unsigned all_flags    = CC_RING_MIRRORED | CC_RING_OVERWRITE | CC_RING_WAITS;
static const size_t   capacity_max = PTRDIFF_MAX / 4;
static const size_t   bytes_align  = 64;

#define MARK UINT64_C(0x31676e69725f6363) /* "cc_ring1" */

typedef struct head {
    uint64_t        mark, capacity;
    uint32_t        flags;
    unsigned char   distance[108];
    cc_ring_ends_t_ ends;
} head_t;

_Static_assert(sizeof(head_t) == CC_RING_SHARED_HEAD, "the bytes begin where the header says");

static bool is_power_of_2(size_t n)
{
    return n && (n & (n - 1)) == 0;
}

static bool is_capacity(uint64_t n)
{
    return n >= CC_RING_CAPACITY_MIN && n <= capacity_max && is_power_of_2(n);
}

/* n is 1 to capacity_max. */
static size_t power_of_2_from(size_t n)
{
    return n == 1 ? 1 : (size_t)1 << (64 - __builtin_clzll(n - 1));
}

/* ---- tools that watch memory ---- */

typedef void watch_t(const void *start, size_t bytes);

/* Tell about size bytes from a position on, wherever they are mapped. */
static void tell(const cc_ring_t *ring, uint64_t from, size_t size, watch_t *watch)
{
    const size_t at = from & (ring->capacity - 1), end = ring->capacity - at;
    const size_t first = size < end ? size : end;

    for (unsigned char *p = ring->bytes; p != ring->bytes + ring->reach; p += ring->capacity) {
        watch(p + at, first);
        watch(p, size - first);
    }
}

void cci_ring_lend(const cc_ring_t *ring, uint64_t from, size_t size)
{
    tell(ring, from, size, cci_unpoison);
}

/* Whole words only: of one that is not all the reader's the rest may be lent to the writer now. */
void cci_ring_take_back(const cc_ring_t *ring, uint64_t from, size_t size)
{
    const uint64_t word  = CCI_RING_WORD;
    const uint64_t first = (from + word - 1) / word * word, end = (from + size) / word * word;

    if (first < end)
        tell(ring, first, end - first, cci_poison);
}

/* ---- one process ---- */

/* Bytes that are shared are not watched: a tool knows one process. Those that are overwritten are
 * always in use. */
static void begin(cc_ring_t *ring)
{
    const bool in_one_piece = ring->reach > ring->capacity || cci_ring_overwrites(ring);

    ring->record_max = (in_one_piece ? ring->capacity : ring->capacity / 2) - CCI_RING_WORD;
    ring->is_watched = cci_poison_active() && !ring->is_shared && !cci_ring_overwrites(ring);
    ring->is_slow =
        ring->is_watched || ring->is_shared || ring->flags & (CC_RING_OVERWRITE | CC_RING_WAITS);
    if (ring->is_watched)
        cci_ring_take_back(ring, 0, ring->capacity);
}

static cc_result_t begin_own(cc_ring_t *ring, void *bytes, size_t reach)
{
    ring->bytes        = bytes;
    ring->reach        = reach;
    ring->ends         = &ring->own;
    ring->writer.limit = ring->capacity;
    begin(ring);
    return CC_RESULT_OK;
}

/* Valgrind keeps what is known of a byte by its address, of which such a byte has two. */
static void *mirror_of(size_t capacity)
{
    const int file = cci_valgrind_replaces_malloc() ? -1 : cci_memory_file(capacity);

    if (file < 0)
        return NULL;
    void *bytes = cci_mirror_map(file, 0, capacity);
    cci_memory_file_close(file);
    return bytes;
}

static size_t capacity_for(size_t size, unsigned flags)
{
    const size_t page = cci_page_size();

    return power_of_2_from((flags & CC_RING_MIRRORED) && size < page ? page : size);
}

cc_result_t cc_ring_init(cc_ring_t *ring, cc_allocator_t parent, size_t capacity, unsigned flags)
{
    if (capacity < CC_RING_CAPACITY_MIN || capacity > capacity_max || flags & ~all_flags)
        return CC_RESULT_INVALID;
    capacity = capacity_for(capacity, flags);

    void *mirror = flags & CC_RING_MIRRORED ? mirror_of(capacity) : NULL;
    void *bytes  = mirror ? mirror : cc_allocator_alloc(parent, capacity, bytes_align);
    if (!bytes)
        return CC_RESULT_NO_MEMORY;
    *ring = (cc_ring_t){ .capacity = capacity, .flags = flags };
    if (!mirror)
        ring->parent = parent;
    return begin_own(ring, bytes, mirror ? 2 * capacity : capacity);
}

cc_result_t cc_ring_init_over(cc_ring_t *ring, void *bytes, size_t capacity, unsigned flags)
{
    if (!bytes || (uintptr_t)bytes % CCI_RING_WORD || !is_capacity(capacity) ||
        flags & ~(all_flags & ~(unsigned)CC_RING_MIRRORED))
        return CC_RESULT_INVALID;
    *ring = (cc_ring_t){ .capacity = capacity, .flags = flags };
    return begin_own(ring, bytes, capacity);
}

/* ---- several processes ---- */

/* Take over where the ring is. The reader's position first, for it does not overtake a written one
 * that is loaded later; the writer may have gone on in between, and then both are loaded again. */
static bool take_over(cc_ring_t *ring)
{
    const bool      overwrites = cci_ring_overwrites(ring);
    const uint64_t *first      = overwrites ? &ring->ends->oldest : &ring->ends->read;

    for (int tries = 0; tries < 100; tries++) {
        const uint64_t start   = __atomic_load_n(first, __ATOMIC_ACQUIRE);
        const uint64_t written = __atomic_load_n(&ring->ends->written, __ATOMIC_ACQUIRE);
        if (written - start > ring->capacity)
            continue;
        ring->own.written  = written;
        ring->writer.limit = start + ring->capacity;
        ring->own.read = ring->reader.limit = start;
        return true;
    }
    return false;
}

/* Use the ring behind a head that may change at any time. */
static cc_result_t join(cc_ring_t *ring, head_t *head, unsigned char *bytes, size_t capacity,
                        size_t reach, unsigned flags)
{
    cc_ring_t joined = { .bytes     = bytes,
                         .capacity  = capacity,
                         .reach     = reach,
                         .ends      = &head->ends,
                         .flags     = flags,
                         .is_shared = true };

    if (!take_over(&joined))
        return CC_RESULT_DAMAGED;
    begin(&joined);
    *ring = joined;
    return CC_RESULT_OK;
}

static void lay_out(head_t *head, size_t capacity, unsigned flags)
{
    memset(head, 0, sizeof *head);
    head->capacity = capacity;
    head->flags    = flags;
    __atomic_store_n(&head->mark, MARK, __ATOMIC_RELEASE); /* pairs: read_head */
}

/* Copies of what the head says; false: it is none. Acquire pairs with lay_out. */
static bool read_head(const head_t *head, uint64_t *capacity, unsigned *flags)
{
    if (__atomic_load_n(&head->mark, __ATOMIC_ACQUIRE) != MARK)
        return false;
    *capacity = __atomic_load_n(&head->capacity, __ATOMIC_RELAXED);
    *flags    = __atomic_load_n(&head->flags, __ATOMIC_RELAXED);
    return is_capacity(*capacity) && (*flags & ~all_flags) == 0;
}

static bool can_share(const void *memory, size_t size)
{
    return memory && (uintptr_t)memory % bytes_align == 0 &&
           size >= CC_RING_SHARED_HEAD + CC_RING_CAPACITY_MIN;
}

cc_result_t cc_ring_init_shared(cc_ring_t *ring, void *memory, size_t size, unsigned flags)
{
    head_t *head = memory;

    if (!can_share(memory, size) || flags & ~(all_flags & ~(unsigned)CC_RING_MIRRORED))
        return CC_RESULT_INVALID;
    const size_t room     = size - sizeof *head < capacity_max ? size - sizeof *head : capacity_max;
    const size_t capacity = power_of_2_from(room / 2 + 1);
    lay_out(head, capacity, flags);
    return join(ring, head, (unsigned char *)(head + 1), capacity, capacity, flags);
}

cc_result_t cc_ring_attach(cc_ring_t *ring, void *memory, size_t size)
{
    head_t  *head = memory;
    uint64_t capacity;
    unsigned flags;

    if (!can_share(memory, size))
        return CC_RESULT_INVALID;
    if (!read_head(head, &capacity, &flags) || flags & CC_RING_MIRRORED ||
        capacity > size - sizeof *head)
        return CC_RESULT_DAMAGED;
    return join(ring, head, (unsigned char *)(head + 1), capacity, capacity, flags);
}

/* The head has a page of the file to itself, the bytes follow. */
static cc_result_t map_bytes(cc_ring_t *ring, int file, head_t *head, size_t capacity,
                             unsigned flags)
{
    const size_t page   = cci_page_size();
    void        *mirror = cci_mirror_map(file, page, capacity);

    if (!mirror)
        return CC_RESULT_UNSUPPORTED;
    const cc_result_t result = join(ring, head, mirror, capacity, 2 * capacity, flags);
    if (result != CC_RESULT_OK) {
        cci_mirror_unmap(mirror, capacity);
        return result;
    }
    ring->mapping = head;
    ring->mapped  = page;
    return CC_RESULT_OK;
}

static cc_result_t make_in(cc_ring_t *ring, int file, size_t capacity, unsigned flags)
{
    const size_t page = cci_page_size();
    head_t      *head = cci_shared_map(file, page);

    if (!head)
        return CC_RESULT_UNSUPPORTED;
    lay_out(head, capacity, flags);
    const cc_result_t result = map_bytes(ring, file, head, capacity, flags);
    if (result != CC_RESULT_OK)
        cci_pages_unmap(head, page);
    return result;
}

cc_result_t cc_ring_init_file(cc_ring_t *ring, size_t capacity, unsigned flags, int *out)
{
    flags |= CC_RING_MIRRORED;
    if (capacity < CC_RING_CAPACITY_MIN || capacity > capacity_max || flags & ~all_flags)
        return CC_RESULT_INVALID;
    capacity = capacity_for(capacity, flags);

    const int file = cci_memory_file(cci_page_size() + capacity);
    if (file < 0)
        return CC_RESULT_UNSUPPORTED;
    const cc_result_t result = make_in(ring, file, capacity, flags);
    if (result == CC_RESULT_OK)
        *out = file;
    else
        cci_memory_file_close(file);
    return result;
}

static cc_result_t join_file(cc_ring_t *ring, int file, head_t *head)
{
    const size_t page = cci_page_size();
    uint64_t     capacity;
    unsigned     flags;

    if (!read_head(head, &capacity, &flags) || !(flags & CC_RING_MIRRORED) || capacity % page ||
        !cci_memory_file_holds(file, page + capacity))
        return CC_RESULT_DAMAGED;
    return map_bytes(ring, file, head, capacity, flags);
}

cc_result_t cc_ring_attach_file(cc_ring_t *ring, int file)
{
    const size_t page = cci_page_size();

    if (!cci_memory_file_holds(file, page))
        return CC_RESULT_DENIED;
    head_t *head = cci_shared_map(file, page);
    if (!head)
        return CC_RESULT_UNSUPPORTED;
    const cc_result_t result = join_file(ring, file, head);
    if (result != CC_RESULT_OK)
        cci_pages_unmap(head, page);
    return result;
}

/* ---- the end ---- */

void cc_ring_fini(cc_ring_t *ring)
{
    if (ring->is_watched)
        tell(ring, 0, ring->capacity, cci_unpoison);
    if (ring->reach > ring->capacity)
        cci_mirror_unmap(ring->bytes, ring->capacity);
    if (ring->mapping)
        cci_pages_unmap(ring->mapping, ring->mapped);
    if (ring->parent.ops)
        cc_allocator_free(ring->parent, ring->bytes, ring->capacity, bytes_align);
    *ring = (cc_ring_t){ .capacity = 0 };
}
