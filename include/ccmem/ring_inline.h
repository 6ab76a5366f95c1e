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
    uint64_t      at, limit;   /* positions: of the next byte, and as far as is known to be free */
    uint64_t      reserved;    /* bytes that may be committed */
    uint64_t      reserved_at; /* the position then: it has moved when something else was written */
    uint64_t      record;      /* of the reserved record's header */
    uint64_t      refused;
    bool          has_record, is_damaged;
    unsigned char distance[72];
} cc_ring_writer_t_;

/* What the reader keeps to itself. */
typedef struct cc_ring_reader_ {
    uint64_t      at, limit; /* positions: of the next byte, and as far as is known to be written */
    uint64_t      record;    /* bytes of the viewed record and its header */
    uint64_t      record_at; /* the position then */
    uint64_t      lost;
    bool          has_record, is_damaged;
    unsigned char distance[80];
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
    unsigned          flags;
    bool              is_slow; /* every call goes to the library */
    bool              is_watched, is_shared;
    cc_ring_ends_t_  *ends;   /* own, or in shared memory */
    cc_allocator_t    parent; /* that bytes came from; no ops: from elsewhere */
    void             *mapping;
    size_t            mapped;
    unsigned char     distance[56];
    cc_ring_writer_t_ writer;
    cc_ring_reader_t_ reader;
    cc_ring_ends_t_   own;
};

/* The long ways of the functions below. */
CC_API bool cc_ring_try_write_(cc_ring_t *ring, const void *data, size_t size);
CC_API bool cc_ring_try_read_(cc_ring_t *ring, void *out, size_t size);

#ifdef CC_INLINE
CC_INLINE bool cc_ring_try_write(cc_ring_t *ring, const void *data, size_t size)
{
    cc_ring_writer_t_ *w     = &ring->writer;
    const uint64_t     at    = w->at;
    const size_t       place = at & (ring->capacity - 1);

    if (__builtin_expect(ring->is_slow || size > w->limit - at || size > ring->reach - place, 0) ||
        size == 0)
        return cc_ring_try_write_(ring, data, size);
    memcpy(ring->bytes + place, data, size);
    w->at = at + size;
    __atomic_store_n(&ring->own.written, at + size, __ATOMIC_RELEASE);
    return true;
}

CC_INLINE bool cc_ring_try_read(cc_ring_t *ring, void *out, size_t size)
{
    cc_ring_reader_t_ *r     = &ring->reader;
    const uint64_t     at    = r->at;
    const size_t       place = at & (ring->capacity - 1);

    if (__builtin_expect(ring->is_slow || size > ring->reach - place, 0) || size == 0)
        return cc_ring_try_read_(ring, out, size);
    if (size > r->limit - at) {
        r->limit = __atomic_load_n(&ring->own.written, __ATOMIC_ACQUIRE);
        if (size > r->limit - at)
            return false;
    }
    memcpy(out, ring->bytes + place, size);
    r->at = at + size;
    __atomic_store_n(&ring->own.read, at + size, __ATOMIC_RELEASE);
    return true;
}
#endif

CC_END
#endif
