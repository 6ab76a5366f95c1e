/* SPDX-License-Identifier: MIT */
/* region/ring_parts.h - what the sources of the ring share.
 *
 * A position counts the bytes since the beginning; its place is the position modulo capacity, a
 * power of two. Full and empty differ by capacity, so no byte is given up to tell them apart, and a
 * position is 2^64 only when the ring has carried as many bytes.
 *
 * Each side has a position, `own.written` and `own.read`, that nobody else stores, and remembers how
 * far it saw the other. It decides by these alone, and looks at the other's position, which is a
 * cache line that moves between processors, only when what it saw is not enough. Within a process
 * `own` is where the other one looks. In shared memory are copies, from which nothing of our own is
 * ever read again: so a process that writes nonsense there can make the other wait or read
 * nonsense, and nothing else. A position that was looked at must lie between the last one seen and
 * our own, or it is noted as damage and not used.
 *
 * Invariant: at - (limit - capacity) <= capacity for the writer. For the reader limit <= at +
 * capacity; where it lies behind at, all that was seen has been read.
 */
#ifndef CCI_REGION_RING_PARTS_H
#define CCI_REGION_RING_PARTS_H
#include <string.h>

#include <ccmem/ring.h>

enum { CCI_RING_WORD = CC_RING_WORD_ };

/* The next byte's, of each side. */
static inline uint64_t cci_ring_writer_at(const cc_ring_t *ring)
{
    return ring->own.written;
}

static inline uint64_t cci_ring_reader_at(const cc_ring_t *ring)
{
    return ring->own.read;
}

/* Bytes that are known to be free. */
static inline size_t cci_ring_room(const cc_ring_t *ring)
{
    return ring->writer.limit - ring->own.written;
}

/* Bytes that are known to be there. The reader does not remember those that it takes at once. */
static inline size_t cci_ring_bytes(const cc_ring_t *ring)
{
    const int64_t bytes = (int64_t)(ring->reader.limit - ring->own.read);

    return bytes > 0 ? (size_t)bytes : 0;
}

static inline unsigned char *cci_ring_place(const cc_ring_t *ring, uint64_t position)
{
    return ring->bytes + (position & (ring->capacity - 1));
}

/* Bytes from a position to the end of what is mapped. */
static inline size_t cci_ring_piece(const cc_ring_t *ring, uint64_t position)
{
    return ring->reach - (position & (ring->capacity - 1));
}

static inline bool cci_ring_overwrites(const cc_ring_t *ring)
{
    return __builtin_expect(ring->flags & CC_RING_OVERWRITE, 0);
}

static inline bool cci_ring_is_aligned(uint64_t position)
{
    return position % CCI_RING_WORD == 0;
}

/* Counters and marks that cc_ring_stats reads from other threads; one thread writes each. */
static inline void cci_ring_count(uint64_t *counter, uint64_t more)
{
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

static inline void cci_ring_note_damage(bool *damaged)
{
    __atomic_store_n(damaged, true, __ATOMIC_RELAXED);
}

/* A call that finds no room. */
static inline bool cci_ring_refuse(cc_ring_t *ring)
{
    cci_ring_count(&ring->writer.refused, 1);
    return false;
}

/* Look at the other side's position; whether there are size bytes now. */
bool cci_ring_look_for_room(cc_ring_t *ring, size_t size);
bool cci_ring_look_for_bytes(cc_ring_t *ring, size_t size);

static inline bool cci_ring_has_room(cc_ring_t *ring, size_t size)
{
    return size <= cci_ring_room(ring) || cci_ring_look_for_room(ring, size);
}

static inline bool cci_ring_has_bytes(cc_ring_t *ring, size_t size)
{
    return size <= cci_ring_bytes(ring) || cci_ring_look_for_bytes(ring, size);
}

/* Store a position for the other side and wake it when it sleeps. Of CC_RING_WAITS only. */
void cci_ring_publish_and_wake(uint64_t *position, uint64_t value, uint32_t *sleeps);

/* Of shared memory it is a copy, since what is there is not believed again. */
static inline void cci_ring_publish(cc_ring_t *ring, uint64_t *own, uint64_t *position,
                                    uint64_t value, uint32_t *sleeps)
{
    if (__builtin_expect(ring->is_shared, 0))
        *own = value;
    if (__builtin_expect(ring->flags & CC_RING_WAITS, 0))
        cci_ring_publish_and_wake(position, value, sleeps);
    else
        __atomic_store_n(position, value, __ATOMIC_RELEASE);
}

/* The bytes up to here are the reader's: release, for the acquire of look_for_bytes. */
static inline void cci_ring_publish_written(cc_ring_t *ring, uint64_t at)
{
    cci_ring_publish(ring, &ring->own.written, &ring->ends->written, at,
                     &ring->ends->reader_sleeps);
}

/* The bytes up to here are the writer's, and have been read: release, for the acquire of
 * look_for_room. */
static inline void cci_ring_publish_read(cc_ring_t *ring, uint64_t at)
{
    cci_ring_publish(ring, &ring->own.read, &ring->ends->read, at, &ring->ends->writer_sleeps);
}

/* For tools that watch memory: these bytes may be used; may not. */
void cci_ring_lend(const cc_ring_t *ring, uint64_t from, size_t size);
void cci_ring_take_back(const cc_ring_t *ring, uint64_t from, size_t size);

static inline void cci_ring_copy_in(cc_ring_t *ring, const void *data, size_t size)
{
    const uint64_t at    = cci_ring_writer_at(ring);
    const size_t   piece = cci_ring_piece(ring, at);

    if (__builtin_expect(ring->is_watched, 0))
        cci_ring_lend(ring, at, size);
    if (__builtin_expect(size <= piece, 1)) {
        memcpy(cci_ring_place(ring, at), data, size);
    } else {
        memcpy(cci_ring_place(ring, at), data, piece);
        memcpy(ring->bytes, (const unsigned char *)data + piece, size - piece);
    }
}

static inline void cci_ring_copy_out(const cc_ring_t *ring, void *out, size_t size)
{
    const uint64_t at    = cci_ring_reader_at(ring);
    const size_t   piece = cci_ring_piece(ring, at);

    if (__builtin_expect(size <= piece, 1)) {
        memcpy(out, cci_ring_place(ring, at), size);
    } else {
        memcpy(out, cci_ring_place(ring, at), piece);
        memcpy((unsigned char *)out + piece, ring->bytes, size - piece);
    }
}

/* The reader is done with size bytes. */
static inline void cci_ring_drop(cc_ring_t *ring, size_t size)
{
    if (__builtin_expect(ring->is_watched, 0))
        cci_ring_take_back(ring, cci_ring_reader_at(ring), size);
    cci_ring_publish_read(ring, cci_ring_reader_at(ring) + size);
}

/* ---- rings that overwrite: ring_overwrite.c ---- */

bool cci_ring_overwrite(cc_ring_t *ring, const void *data, size_t size);
bool cci_ring_overwrite_record(cc_ring_t *ring, const void *data, size_t size);

/* Whether the reader finds a consistent view, and how many bytes there are in it. */
bool cci_ring_sight(cc_ring_t *ring, size_t *bytes);

/* Up to most bytes, or none when there are fewer than least; out NULL only drops them. */
size_t      cci_ring_snatch(cc_ring_t *ring, void *out, size_t least, size_t most, bool stay);
cc_result_t cci_ring_snatch_record(cc_ring_t *ring, void *out, size_t max, size_t *size);

#endif
