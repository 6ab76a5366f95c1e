/* SPDX-License-Identifier: MIT */
/* ccmem/arena.h - bump allocator: allocate one by one, release together.
 *
 * For objects that die together: of a request, a parse, a frame (ccmem/scratch.h does frames). When
 * each object has its own lifetime, use ccmem/pool.h, ccmem/slab.h or the heap.
 *
 * Example:
 *   cc_arena_t a;
 *   cc_arena_init(&a, cc_allocator_heap(), NULL);
 *   double *v = cc_arena_alloc(&a, 100 * sizeof *v, _Alignof(double));
 *   if (v)
 *       v[0] = 1.0;
 *   cc_arena_mark_t m = cc_arena_mark(&a);
 *   char           *name = cc_arena_copy(&a, "name", 5, 1);
 *   assert(name && strcmp(name, "name") == 0);
 *   cc_arena_rewind(&a, m); // name is gone, v is not
 *   cc_arena_fini(&a);
 *
 * Units    sizes are bytes; an alignment is a power of two up to CC_ARENA_ALIGN_MAX.
 * Failure  NULL or false: the parent has no memory, the limit is reached, the size is more than
 *          memory can be, the alignment is none. The arena is as it was and usable. A mark that is
 *          stale or of another arena is a line on stderr and abort.
 * Threads  one at a time an arena; arenas share nothing.
 * Source   Hanson, "Fast allocation and deallocation of memory based on object lifetimes",
 *          Software: Practice and Experience 20(1), 1990.
 */
#ifndef CC_ARENA_H
#define CC_ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/allocator.h>
#include <ccmem/api.h>
CC_BEGIN

#define CC_ARENA_ALIGN_MAX     ((size_t)4096)
#define CC_ARENA_CHUNK_MIN     ((size_t)512)
#define CC_ARENA_CHUNK_DEFAULT ((size_t)32 * 1024)
#define CC_ARENA_CHUNK_MAX     ((size_t)1024 * 1024)

/* How many bytes of chunks a reset or a trim leaves with the arena: these, or any number. */
#define CC_ARENA_KEEP_ALL  SIZE_MAX
#define CC_ARENA_KEEP_NONE ((size_t)0)

/* What an arena is made of; 0 is the default of each. */
typedef struct cc_arena_options {
    size_t chunk_size;  /* of the first chunk: at least CC_ARENA_CHUNK_MIN */
    size_t chunk_max;   /* chunks double up to this; as chunk_size: they do not */
    size_t limit;       /* most bytes to hold of the parent at a time, children with it; default: no
                         * limit */
    void  *buffer;      /* the caller's, used before the parent is asked; outlives the arena */
    size_t buffer_size; /* of which about 100 bytes serve the arena */
} cc_arena_options_t;

/* Fields are private, storage is the caller's. It must not move. */
typedef struct cc_arena {
    cc_bump_t_              bump;  /* free bytes of the current chunk */
    unsigned char          *start; /* the first byte of that chunk */
    size_t                  high;  /* reset is short while less than this was used; 0: never */
    struct cc_arena_chunk_ *first; /* in the order of use; those behind current are empty */
    struct cc_arena_chunk_ *current;
    struct cc_arena_entry_ *newest; /* what a release has to undo */
    struct cc_arena_entry_ *spares; /* chunks of large blocks, kept for others */
    cc_allocator_t          parent;
    struct cc_arena        *above; /* the arena that this is a child of */
    size_t                  chunk_size, chunk_max, most;
    size_t                  held; /* by this one and its children; no more than most */
    size_t                  reserved, chunks, side_used, peak;
    uint64_t                parent_allocs, serial;
    bool                    watched;   /* a tool looks for wrong uses of memory */
    bool                    unwinding; /* entries are being undone */
} cc_arena_t;

/* A point to come back to: a number that no other has. Stale after a reset, or a rewind to an
 * earlier one. */
typedef struct cc_arena_mark {
    uint64_t serial;
} cc_arena_mark_t;

typedef struct cc_arena_stats {
    size_t   used;          /* bytes of blocks, of the gaps that align them and of marks */
    size_t   peak;          /* most bytes ever used */
    size_t   reserved;      /* bytes held of the parent now */
    size_t   chunks;        /* blocks held of the parent now */
    uint64_t parent_allocs; /* blocks that the parent ever gave */
} cc_arena_stats_t;

/* ---- life ---- */

/* Make an empty arena; takes no memory yet. options NULL: the defaults. A parent whose ops are NULL
 * gives nothing: there is only the buffer. O(1). */
CC_API void cc_arena_init(cc_arena_t *a, cc_allocator_t parent, const cc_arena_options_t *options);

/* Run the cleanups, end the children, give every chunk back. The arena may be init-ed again; fini
 * of an arena that was is nothing. O(chunks). */
CC_API void cc_arena_fini(cc_arena_t *a);

/* An arena of its own that dies when the parent arena releases what it holds now, or earlier by
 * fini. Its chunks are like the parent's and from the same allocator. NULL: no memory. O(1). */
CC_API CC_NODISCARD cc_arena_t *cc_arena_create_child(cc_arena_t *parent);

/* ---- blocks ---- */

/* size bytes, uninitialised. size 0 is a pointer to no bytes. A block that is large beside the next
 * chunk gets a chunk of its own. Amortised O(1), at most two calls of the parent. */
CC_API CC_NODISCARD void *cc_arena_alloc(cc_arena_t *a, size_t size, size_t align) CC_SIZED(2)
    CC_ALIGNED(3);

/* The same, all zero. O(size). */
CC_API CC_NODISCARD void *cc_arena_alloc_zero(cc_arena_t *a, size_t size, size_t align) CC_SIZED(2)
    CC_ALIGNED(3);

/* The same, with the bytes of source. O(size). */
CC_API CC_NODISCARD void *cc_arena_copy(cc_arena_t *a, const void *source, size_t size,
                                        size_t align) CC_SIZED(3) CC_ALIGNED(4);

/* The block with new_size bytes: where it is, if it is the last one since the newest mark and there
 * is room, or if it shrinks; otherwise moved. NULL: the block is as it was. ptr NULL is alloc.
 * O(1) in place, O(old_size) when it moves. */
CC_API CC_NODISCARD void *cc_arena_resize(cc_arena_t *a, void *ptr, size_t old_size,
                                          size_t new_size, size_t align) CC_SIZED(4) CC_ALIGNED(5);

/* The bytes of the last block since the newest mark are used again; those of any other only after a
 * release. NULL is nothing. O(1). */
CC_API void cc_arena_free(cc_arena_t *a, void *ptr, size_t size);

/* Call run(argument) when what the arena holds now is released; the latest first, before the memory
 * goes. It may allocate, but not release. False: no memory, it will not be called. O(1). */
CC_API CC_NODISCARD bool cc_arena_add_cleanup(cc_arena_t *a, void (*run)(void *argument),
                                              void       *argument);

/* ---- release ---- */

/* Remember what the arena holds now; takes 64 bytes of it. Without memory for that the mark is one
 * to which a rewind releases nothing. O(1). */
CC_API CC_NODISCARD cc_arena_mark_t cc_arena_mark(cc_arena_t *a);

/* Release everything allocated after mark was taken; the mark stays good, chunks are kept. O(side
 * chunks, cleanups, children and marks since). */
CC_API void cc_arena_rewind(cc_arena_t *a, cc_arena_mark_t mark);

/* Release everything, and keep so many bytes of chunks: CC_ARENA_KEEP_ALL, CC_ARENA_KEEP_NONE or
 * between. O(1) with KEEP_ALL and nothing but ordinary blocks, else O(chunks and cleanups). */
CC_API void cc_arena_reset(cc_arena_t *a, size_t keep);

/* Give chunks back in which nothing is, until no more than keep bytes are held. O(chunks). */
CC_API void cc_arena_trim(cc_arena_t *a, size_t keep);

/* Let the system take the pages behind free bytes; the arena keeps the addresses. Returns how many
 * bytes. O(chunks). */
CC_API size_t cc_arena_decommit(cc_arena_t *a);

/* ---- questions ---- */

/* Whether ptr lies in memory that the arena handed out and did not release. O(chunks and marks). */
CC_API bool cc_arena_owns(const cc_arena_t *a, const void *ptr);

/* The figures now, without those of children. O(1). */
CC_API cc_arena_stats_t cc_arena_stats(const cc_arena_t *a);

/* The arena for whoever takes an allocator; its free is cc_arena_free. O(1). */
CC_API cc_allocator_t cc_arena_allocator(cc_arena_t *a);

CC_END
#include <ccmem/arena_inline.h>
#endif
