/* SPDX-License-Identifier: MIT */
/* ring_overwrite.c - rings whose writer never waits: what is oldest gives way.
 *
 * The writer does not look at the reader. It says which position is the oldest that will stay
 * before it writes over what is older. The reader copies, and looks at `oldest` afterwards: when it
 * has moved past what was copied, the copy is a mixture and is made again from there. This is a
 * seqlock whose sequence is the position.
 *
 * Both sides use atomic words, for the bytes are read while they are written. Storing words with
 * release keeps them behind the store of `oldest`, loading them with acquire keeps the second look
 * at `oldest` behind them; neither costs anything on x86, and no fence is needed elsewhere.
 *
 * writer.limit is oldest + capacity. Positions before `oldest` in the order of the counter:
 * differences are taken as signed.
 */
#include "region/ring_parts.h"

static uint64_t *word_at(const cc_ring_t *ring, uint64_t at)
{
    return (uint64_t *)(void *)cci_ring_place(ring, at);
}

/* Release: pairs with load_bytes, for the store of `oldest` before. */
static void store_bytes(cc_ring_t *ring, uint64_t at, const unsigned char *data, size_t size)
{
    const uint64_t end = at + size;

    while (at != end) {
        if (cci_ring_is_aligned(at) && end - at >= CCI_RING_WORD) {
            uint64_t word;
            memcpy(&word, data, sizeof word);
            __atomic_store_n(word_at(ring, at), word, __ATOMIC_RELEASE);
            at += CCI_RING_WORD, data += CCI_RING_WORD;
        } else {
            __atomic_store_n(cci_ring_place(ring, at), *data, __ATOMIC_RELEASE);
            at++, data++;
        }
    }
}

/* Acquire: pairs with store_bytes. */
static void load_bytes(const cc_ring_t *ring, uint64_t at, unsigned char *out, size_t size)
{
    const uint64_t end = at + size;

    while (at != end) {
        if (cci_ring_is_aligned(at) && end - at >= CCI_RING_WORD) {
            uint64_t word = __atomic_load_n(word_at(ring, at), __ATOMIC_ACQUIRE);
            memcpy(out, &word, sizeof word);
            at += CCI_RING_WORD, out += CCI_RING_WORD;
        } else {
            *out = __atomic_load_n(cci_ring_place(ring, at), __ATOMIC_ACQUIRE);
            at++, out++;
        }
    }
}

/* ---- the writer ---- */

/* Release: pairs with sight, which then finds no written position before this one. */
static void give_way(cc_ring_t *ring, uint64_t oldest)
{
    ring->writer.limit = oldest + ring->capacity;
    __atomic_store_n(&ring->ends->oldest, oldest, __ATOMIC_RELEASE);
}

bool cci_ring_overwrite(cc_ring_t *ring, const void *data, size_t size)
{
    const uint64_t at = cci_ring_writer_at(ring);

    if (size > ring->capacity)
        return cci_ring_refuse(ring);
    if (size > cci_ring_room(ring))
        give_way(ring, at + size - ring->capacity);
    store_bytes(ring, at, data, size);
    cci_ring_publish_written(ring, at + size);
    return true;
}

/* The first record boundary from which on no more than room bytes are in the ring. Another process
 * may have changed the headers: then everything is old. */
static uint64_t oldest_within(const cc_ring_t *ring, size_t room)
{
    const uint64_t at     = cci_ring_writer_at(ring);
    uint64_t       oldest = ring->writer.limit - ring->capacity;

    while (at - oldest > room) {
        if (!cci_ring_is_aligned(oldest))
            return at;
        const uint64_t size = __atomic_load_n(word_at(ring, oldest), __ATOMIC_RELAXED);
        if (size > ring->record_max || cc_ring_record_bytes_(size) > at - oldest)
            return at;
        oldest += cc_ring_record_bytes_(size);
    }
    return oldest;
}

bool cci_ring_overwrite_record(cc_ring_t *ring, const void *data, size_t size)
{
    const uint64_t at = cci_ring_writer_at(ring), header = size;

    if (size > ring->record_max)
        return cci_ring_refuse(ring);
    if (!cci_ring_is_aligned(at)) {
        cci_ring_note_damage(&ring->writer.is_damaged);
        return false;
    }
    const size_t bytes = cc_ring_record_bytes_(size);
    if (bytes > cci_ring_room(ring))
        give_way(ring, oldest_within(ring, ring->capacity - bytes));
    store_bytes(ring, at, (const unsigned char *)&header, sizeof header);
    store_bytes(ring, at + CCI_RING_WORD, data, size);
    cci_ring_publish_written(ring, at + bytes);
    return true;
}

/* ---- the reader ---- */

static bool is_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

/* Acquire: pairs with give_way and publish_written. */
bool cci_ring_sight(cc_ring_t *ring, size_t *bytes)
{
    cc_ring_reader_t_ *r      = &ring->reader;
    uint64_t           oldest = __atomic_load_n(&ring->ends->oldest, __ATOMIC_ACQUIRE);

    for (;;) {
        const uint64_t was     = cci_ring_reader_at(ring);
        const uint64_t at      = is_before(was, oldest) ? oldest : was;
        const uint64_t written = __atomic_load_n(&ring->ends->written, __ATOMIC_SEQ_CST);
        if (written - at <= ring->capacity) {
            if (at != was) {
                cci_ring_count(&r->lost, at - was);
                cci_ring_publish_read(ring, at);
            }
            *bytes = written - at;
            return true;
        }
        const uint64_t again = __atomic_load_n(&ring->ends->oldest, __ATOMIC_ACQUIRE);
        if (again == oldest) {
            cci_ring_note_damage(&r->is_damaged);
            return false;
        }
        oldest = again;
    }
}

/* Whether what was loaded from there on was whole. Behind the loads because they acquire. */
static bool was_there(const cc_ring_t *ring)
{
    return !is_before(cci_ring_reader_at(ring),
                      __atomic_load_n(&ring->ends->oldest, __ATOMIC_RELAXED));
}

size_t cci_ring_snatch(cc_ring_t *ring, void *out, size_t least, size_t most, bool stay)
{
    size_t n;

    do {
        if (!cci_ring_sight(ring, &n) || n < least)
            return 0;
        if (n > most)
            n = most;
        if (out)
            load_bytes(ring, cci_ring_reader_at(ring), out, n);
    } while (!was_there(ring));
    if (!stay)
        cci_ring_publish_read(ring, cci_ring_reader_at(ring) + n);
    return n;
}

/* The reader's next record, of which bytes were seen. */
static cc_result_t load_record(const cc_ring_t *ring, size_t bytes, void *out, size_t max,
                               size_t *size)
{
    const uint64_t at = cci_ring_reader_at(ring);

    if (!cci_ring_is_aligned(at) || bytes < CCI_RING_WORD)
        return CC_RESULT_DAMAGED;
    *size = __atomic_load_n(word_at(ring, at), __ATOMIC_ACQUIRE);
    if (*size > ring->record_max || cc_ring_record_bytes_(*size) > bytes)
        return CC_RESULT_DAMAGED;
    if (*size > max)
        return CC_RESULT_FULL;
    load_bytes(ring, at + CCI_RING_WORD, out, *size);
    return CC_RESULT_OK;
}

cc_result_t cci_ring_snatch_record(cc_ring_t *ring, void *out, size_t max, size_t *size)
{
    cc_result_t result;
    size_t      bytes, found = 0;

    do {
        if (!cci_ring_sight(ring, &bytes))
            return CC_RESULT_DAMAGED;
        if (bytes == 0)
            return CC_RESULT_NOT_FOUND;
        result = load_record(ring, bytes, out, max, &found);
    } while (!was_there(ring));
    if (result == CC_RESULT_DAMAGED)
        cci_ring_note_damage(&ring->reader.is_damaged);
    if (result != CC_RESULT_OK)
        return result;
    cci_ring_publish_read(ring, cci_ring_reader_at(ring) + cc_ring_record_bytes_(found));
    *size = found;
    return CC_RESULT_OK;
}
