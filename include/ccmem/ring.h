/* SPDX-License-Identifier: MIT */
/* ccmem/ring.h - a ring of bytes between one writer and one reader.
 *
 * Bytes, or records of any size, go in at one end and come out at the other in the same order:
 * within a thread (a socket's buffer), from one thread to another, or from one process to another.
 * For several writers or readers use a queue.
 *
 * Example:
 *   cc_ring_t ring;
 *   if (cc_ring_init(&ring, cc_allocator_heap(), 4096, CC_RING_MIRRORED) == CC_RESULT_OK) {
 *       char word[6];
 *       if (cc_ring_try_write(&ring, "hello", 6) && cc_ring_try_read(&ring, word, 6))
 *           puts(word);
 *       cc_ring_fini(&ring);
 *   }
 *
 * Mirrored   the bytes are mapped twice, one behind the other, so that what wraps around the end is
 *            in one piece all the same. Of a ring that is not, reserve and view give the piece up
 *            to the end, and a record may have half of the ring.
 * Overwrite  a ring with CC_RING_OVERWRITE never refuses: what is oldest gives way, whole records
 *            at a time, also while the reader copies it, which then begins anew. Nothing of such a
 *            ring can be lent: reserve and view are contract breaches.
 *
 * Units     bytes. A record costs 8 and its size, rounded up to 8. A ring carries bytes or records,
 *           not both by turns.
 * Failure   try functions return false or NULL and change nothing: full, empty, or larger than the
 *           ring takes at all. A contract breach, such as a commit of more than was reserved, is a
 *           line on stderr and abort.
 * Threads   one thread at a time writes and one reads; they may be the same. Each function says
 *           whose it is. All are wait-free, but for those that wait, and but for the reader of a
 *           ring that overwrites, which is lock-free. Whoever makes or ends a ring is alone.
 * Processes each has a cc_ring_t of its own over the same shared memory. Whatever another process
 *           writes there, no byte outside is touched; positions and sizes that cannot be change
 *           nothing and are noted as `damaged`. What is viewed in place may change meanwhile.
 * Source    Lamport, "Proving the correctness of multiprocess programs", IEEE TSE 3(2), 1977; for
 *           overwriting Boehm, "Can seqlocks get along with programming language memory models?",
 *           MSPC 2012.
 */
#ifndef CC_RING_H
#define CC_RING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/allocator.h>
#include <ccmem/result.h>
CC_BEGIN

enum {
    CC_RING_MIRRORED  = 1, /* where the system can; see cc_ring_stats */
    CC_RING_OVERWRITE = 2,
    CC_RING_WAITS     = 4 /* cc_ring_wait_... may be called; costs a fence each time bytes move */
};

#define CC_RING_CAPACITY_MIN ((size_t)16)
#define CC_RING_SHARED_HEAD  ((size_t)512) /* of shared memory that is no room for bytes */
#define CC_RING_FOREVER      (~0u)

/* Storage is the caller's. A ring stays where it was made. Fields are private. */
typedef struct cc_ring cc_ring_t;

/* ---- making and ending ---- */

/* A ring of at least capacity bytes: the next power of two, of pages when mirrored. They come
 * from parent, or from the system when mirrored. INVALID: a capacity below CC_RING_CAPACITY_MIN or
 * above a quarter of PTRDIFF_MAX. NO_MEMORY. O(capacity) under a tool that watches memory. */
CC_API cc_result_t cc_ring_init(cc_ring_t *ring, cc_allocator_t parent, size_t capacity,
                                unsigned flags);

/* A ring over the caller's bytes. capacity is a power of two, bytes a multiple of 8; INVALID:
 * anything else, or CC_RING_MIRRORED. O(1), as above. */
CC_API cc_result_t cc_ring_init_over(cc_ring_t *ring, void *bytes, size_t capacity, unsigned flags);

/* Lay a ring out in size bytes of shared memory at a multiple of 64, and use it: the largest power
 * of two that fits behind CC_RING_SHARED_HEAD. INVALID as above. O(1). */
CC_API cc_result_t cc_ring_init_shared(cc_ring_t *ring, void *memory, size_t size, unsigned flags);

/* Use the ring that init_shared laid out, from another process, also in the place of one that died.
 * DAMAGED: there is none, or it cannot be of that size. O(1). */
CC_API cc_result_t cc_ring_attach(cc_ring_t *ring, void *memory, size_t size);

/* A mirrored ring in a new shared file without a name, for another process to attach; close *out
 * when it has. UNSUPPORTED: the system cannot mirror. O(1). */
CC_API cc_result_t cc_ring_init_file(cc_ring_t *ring, size_t capacity, unsigned flags, int *out);

/* Use the ring of that file, which stays the caller's to close. DENIED: the file could be made
 * shorter, which would kill who reads it. DAMAGED as for attach; UNSUPPORTED. O(1). */
CC_API cc_result_t cc_ring_attach_file(cc_ring_t *ring, int file);

/* Give back what init took; shared memory stays for the others. O(1), or as init. */
CC_API void cc_ring_fini(cc_ring_t *ring);

/* Reader: drop all bytes. O(1). */
CC_API void cc_ring_reset(cc_ring_t *ring);

/* ---- bytes ---- */

/* Writer: all of data, or false. O(size). */
CC_API CC_NODISCARD bool cc_ring_try_write(cc_ring_t *ring, const void *data, size_t size);

/* Writer: as much of data as there is room for, or when it overwrites, as the ring can hold;
 * returns how much. O(size). */
CC_API size_t cc_ring_write(cc_ring_t *ring, const void *data, size_t size);

/* Reader: exactly size bytes, or false. O(size). */
CC_API CC_NODISCARD bool cc_ring_try_read(cc_ring_t *ring, void *out, size_t size);

/* Reader: up to size bytes; returns how many. O(size). */
CC_API size_t cc_ring_read(cc_ring_t *ring, void *out, size_t size);

/* Reader: as read, but they stay. O(size). */
CC_API size_t cc_ring_peek(cc_ring_t *ring, void *out, size_t size);

/* Reader: drop exactly size bytes, or false. O(1). */
CC_API CC_NODISCARD bool cc_ring_try_advance(cc_ring_t *ring, size_t size);

/* Writer: the free bytes that lie in one piece, to write into, until anything else is written; NULL
 * and 0 when there are none. O(1). */
CC_API void *cc_ring_reserve(cc_ring_t *ring, size_t *size);

/* Writer: the first size of the reserved bytes are written; the rest stay reserved. O(1). */
CC_API void cc_ring_commit(cc_ring_t *ring, size_t size);

/* Reader: the bytes that lie in one piece, to read in place; NULL and 0 when there are none.
 * O(1). */
CC_API const void *cc_ring_view(cc_ring_t *ring, size_t *size);

/* Reader: the first size bytes are done with; there must be as many. O(1). */
CC_API void cc_ring_consume(cc_ring_t *ring, size_t size);

/* ---- records ---- */

/* Writer: a record, or false. O(size). */
CC_API CC_NODISCARD bool cc_ring_try_write_record(cc_ring_t *ring, const void *data, size_t size);

/* Reader: the next record, and its size. NOT_FOUND: there is none. FULL: it is larger than max, and
 * stays. DAMAGED: it is none. O(size). */
CC_API cc_result_t cc_ring_read_record(cc_ring_t *ring, void *out, size_t max, size_t *size);

/* Writer: place for a record, at a multiple of 8, or NULL. O(1). */
CC_API CC_NODISCARD void *cc_ring_try_reserve_record(cc_ring_t *ring, size_t size);

/* Writer: the reserved record is written, and has this size, or less than was reserved. O(1). */
CC_API void cc_ring_commit_record(cc_ring_t *ring, size_t size);

/* Reader: the next record, to read in place, or NULL. O(1). */
CC_API const void *cc_ring_view_record(cc_ring_t *ring, size_t *size);

/* Reader: the viewed record is done with. O(1). */
CC_API void cc_ring_consume_record(cc_ring_t *ring);

/* Anybody: the size of the largest record. O(1). */
CC_API size_t cc_ring_record_max(const cc_ring_t *ring);

/* Writer: how much room a record of that size needs now, what is left over at the end of the bytes
 * included. SIZE_MAX: it never fits. O(1). */
CC_API size_t cc_ring_record_room(const cc_ring_t *ring, size_t size);

/* ---- waiting, statistics ---- */

/* Reader: sleep until size bytes are there, for a record 1. False: not within ms milliseconds, or
 * never. */
CC_API bool cc_ring_wait_used(cc_ring_t *ring, size_t size, unsigned ms);

/* Writer: sleep until there is room for size bytes. False as above. */
CC_API bool cc_ring_wait_room(cc_ring_t *ring, size_t size, unsigned ms);

typedef struct cc_ring_stats {
    size_t   capacity, used; /* bytes */
    uint64_t written, read;  /* bytes since the beginning; what was dropped counts as read */
    uint64_t wraps;          /* how often the writer came past the end */
    uint64_t refused;        /* calls of this cc_ring_t that found no room */
    uint64_t lost;           /* bytes that were overwritten before this cc_ring_t read them */
    bool     is_mirrored;
    bool     damaged; /* the other process wrote what cannot be */
} cc_ring_stats_t;

/* Anybody: the figures now. O(1). */
CC_API cc_ring_stats_t cc_ring_stats(const cc_ring_t *ring);

CC_END
#include <ccmem/ring_inline.h>
#endif
