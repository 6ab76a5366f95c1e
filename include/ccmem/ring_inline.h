/* SPDX-License-Identifier: MIT */
/* ccmem/ring_inline.h - what a ring is made of, and the short way through it, for the compiler to
 * put in place.
 *
 * Included by ccmem/ring.h, of which everything here is a private part; programs use no name of
 * this file. See src/region/ring_parts.h for the idea.
 *
 * This layout is compiled into programs. Whoever changes it gives the functions that end with "_"
 * other names, so that the loader refuses a program that does not fit.
 */
#ifndef CC_RING_INLINE_H
#define CC_RING_INLINE_H
#include <string.h>
CC_BEGIN

/* What the writer keeps to itself. The distances keep it off the lines that the reader looks at. */
typedef struct cc_ring_writer_ {
    uint64_t      limit;       /* the position up to which bytes are known to be free */
    uint64_t      reserved;    /* bytes that may be committed */
    uint64_t      reserved_at; /* the position then: it has moved when something else was written */
    uint64_t      record;      /* of the reserved record's header */
    uint64_t      refused;
    bool          has_record, is_damaged;
    unsigned char distance[80];
} cc_ring_writer_t_;

/* What the reader keeps to itself. */
typedef struct cc_ring_reader_ {
    uint64_t      limit;     /* the position up to which bytes are known to be written, or less */
    uint64_t      record;    /* bytes of the viewed record and its header */
    uint64_t      record_at; /* the position then */
    uint64_t      lost;
    bool          has_record, is_damaged;
    unsigned char distance[88];
} cc_ring_reader_t_;

/* What the two tell each other; in shared memory when they are processes. Positions count all bytes
 * since the beginning and are never taken back. */
typedef struct cc_ring_ends_ {
    uint64_t      written; /* by the writer */
    uint64_t      oldest;  /* by an overwriting one: what lies before is gone */
    unsigned char distance1[112];
    uint64_t      read; /* by the reader */
    unsigned char distance2[120];
    uint32_t      writer_sleeps, reader_sleeps; /* 1: or did so since the other one looked */
    unsigned char distance3[120];
} cc_ring_ends_t_;

struct cc_ring {
    unsigned char    *bytes;
    size_t            capacity; /* a power of two */
    size_t            reach;    /* bytes that are mapped: once or twice capacity */
    size_t            record_max;
    unsigned          flags;
    bool              is_slow; /* every call goes to the library */
    bool              is_watched, is_shared;
    cc_ring_ends_t_  *ends;   /* own, or those in shared memory */
    cc_allocator_t    parent; /* that bytes came from; no ops: from elsewhere */
    void             *mapping;
    size_t            mapped;
    unsigned char     distance[48];
    cc_ring_writer_t_ writer;
    cc_ring_reader_t_ reader;
    cc_ring_ends_t_   own; /* where each side keeps its position, too */
};

/* The long ways of the functions below. */
CC_API bool        cc_ring_try_write_(cc_ring_t *ring, const void *data, size_t size);
CC_API bool        cc_ring_try_read_(cc_ring_t *ring, void *out, size_t size);
CC_API bool        cc_ring_try_write_record_(cc_ring_t *ring, const void *data, size_t size);
CC_API cc_result_t cc_ring_read_record_(cc_ring_t *ring, void *out, size_t max, size_t *size);

#ifdef CC_INLINE

enum { CC_RING_WORD_ = 8, CC_RING_SMALL_ = 128 };

/* Whether there is room for so many bytes at the writer's position. */
CC_HELPER bool cc_ring_has_room_(cc_ring_t *ring, uint64_t at, size_t size)
{
    if (__builtin_expect(size <= ring->writer.limit - at, 1))
        return true;
    ring->writer.limit = __atomic_load_n(&ring->own.read, __ATOMIC_ACQUIRE) + ring->capacity;
    return size <= ring->writer.limit - at;
}

/* How many bytes there are at the reader's position. What was seen is not stored when there is no
 * more than it needs: its position says the same as soon as it has read them. */
CC_HELPER uint64_t cc_ring_bytes_(cc_ring_t *ring, uint64_t at, size_t need)
{
    const int64_t seen = (int64_t)(ring->reader.limit - at);

    if (seen >= (int64_t)need)
        return (uint64_t)seen;
    const uint64_t written = __atomic_load_n(&ring->own.written, __ATOMIC_ACQUIRE);
    if (written - at > need)
        ring->reader.limit = written;
    return written - at;
}

CC_INLINE bool cc_ring_try_write(cc_ring_t *ring, const void *data, size_t size)
{
    const uint64_t at    = ring->own.written;
    const size_t   place = at & (ring->capacity - 1);

    if (__builtin_expect(ring->is_slow || size > ring->reach - place, 0) || size == 0 ||
        !cc_ring_has_room_(ring, at, size))
        return cc_ring_try_write_(ring, data, size);
    memcpy(ring->bytes + place, data, size);
    __atomic_store_n(&ring->own.written, at + size, __ATOMIC_RELEASE);
    return true;
}

CC_INLINE bool cc_ring_try_read(cc_ring_t *ring, void *out, size_t size)
{
    const uint64_t at    = ring->own.read;
    const size_t   place = at & (ring->capacity - 1);

    if (__builtin_expect(ring->is_slow || size > ring->reach - place, 0) || size == 0)
        return cc_ring_try_read_(ring, out, size);
    if (size > cc_ring_bytes_(ring, at, size))
        return false;
    memcpy(out, ring->bytes + place, size);
    __atomic_store_n(&ring->own.read, at + size, __ATOMIC_RELEASE);
    return true;
}

/* What a record of a size that fits takes: its header, and whole words. */
CC_HELPER size_t cc_ring_record_bytes_(size_t size)
{
    return CC_RING_WORD_ + ((size + CC_RING_WORD_ - 1) & ~(size_t)(CC_RING_WORD_ - 1));
}

/* Whether a record of this size, not 0, may lie at a place. */
CC_HELPER bool cc_ring_holds_(const cc_ring_t *ring, size_t place, uint64_t size)
{
    return size - 1 < ring->record_max && /* 0 wraps */
           cc_ring_record_bytes_(size) <= ring->reach - place;
}

CC_INLINE bool cc_ring_try_write_record(cc_ring_t *ring, const void *data, size_t size)
{
    const uint64_t header = size, at = ring->own.written;
    const size_t   place = at & (ring->capacity - 1), bytes = cc_ring_record_bytes_(size);

    if (__builtin_expect(ring->is_slow || at % CC_RING_WORD_ || !cc_ring_holds_(ring, place, size),
                         0) ||
        !cc_ring_has_room_(ring, at, bytes))
        return cc_ring_try_write_record_(ring, data, size);
    memcpy(ring->bytes + place, &header, CC_RING_WORD_);
    memcpy(ring->bytes + place + CC_RING_WORD_, data, size);
    __atomic_store_n(&ring->own.written, at + bytes, __ATOMIC_RELEASE);
    return true;
}

/* A record that fills a small buffer is copied by the buffer's size, which the compiler knows. Of
 * one that was written just before, the pieces that are loaded are then those that were stored; any
 * others would have to wait until the stores have reached the cache. */
CC_HELPER void cc_ring_copy_record_(void *out, const void *record, size_t size, size_t max)
{
    if (__builtin_constant_p(max) && max <= CC_RING_SMALL_ && size == max)
        memcpy(out, record, max);
    else
        memcpy(out, record, size);
}

CC_INLINE cc_result_t cc_ring_read_record(cc_ring_t *ring, void *out, size_t max, size_t *size)
{
    const uint64_t at    = ring->own.read;
    const size_t   place = at & (ring->capacity - 1);
    uint64_t       header;

    if (__builtin_expect(ring->is_slow || at % CC_RING_WORD_, 0))
        return cc_ring_read_record_(ring, out, max, size);
    const uint64_t there = cc_ring_bytes_(ring, at, CC_RING_WORD_);
    if (there < CC_RING_WORD_)
        return CC_RESULT_NOT_FOUND;
    memcpy(&header, ring->bytes + place, CC_RING_WORD_);
    const uint64_t end = at + cc_ring_record_bytes_(header);
    if (__builtin_expect(header > max || !cc_ring_holds_(ring, place, header) || end - at > there,
                         0))
        return cc_ring_read_record_(ring, out, max, size);
    cc_ring_copy_record_(out, ring->bytes + place + CC_RING_WORD_, header, max);
    __atomic_store_n(&ring->own.read, end, __ATOMIC_RELEASE);
    *size = header;
    return CC_RESULT_OK;
}
#endif

CC_END
#endif
