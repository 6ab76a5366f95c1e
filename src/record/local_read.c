/* SPDX-License-Identifier: MIT */
/* record/local_read.c - see record/local.h: reading.
 *
 * Why nothing of before *now is missing when no thread was found in the middle of a record:
 *
 *   A thread sets `busy`, looks at the clock, writes, publishes, and clears `busy`. Let an event's time
 *   be before *now. When the reader asked for the barrier, the thread had looked at the clock, and so
 *   had stored `busy`; after the barrier that store is there to be seen. So the reader sees it, or a
 *   later one. If it sees `busy` clear, that is the event's own clearing or a later one, and with it
 *   (release, acquire) what was published. A thread that began before *now is in the list for the
 *   same reason.
 *
 *   What was published then is in chunks that are OWNED or FULL, and stay so: a chunk only becomes FREE
 *   by the reader. Records do not move from chunk to chunk. So it does not matter in which order
 *   chunks are looked at, nor that threads go on meanwhile, filling some and taking others: each
 *   chunk that held something is met once, in either state. An extent that was added before is
 *   counted, for its chunks were taken before.
 *
 *   A record that was not begun at the barrier looks at the clock after it.
 *
 * What goes on rising in a chunk is plain memory that its thread writes; see base/rising.h.
 */
#include <string.h>
#include "base/rising.h"
#include "prim/barrier.h"
#include "record/local_parts.h"
#include "record/recorder_parts.h"

/* Whether there is something in it, and how much. The header is one that holds together: `used` is 0
 * until its thread has filled it in. */
static size_t used_of(const cci_chunk_header_t *c)
{
    return (size_t)atomic_load_explicit(&c->used, memory_order_acquire); /* pairs: publish */
}

static bool show(cci_chunk_header_t *c, bool whole, cci_local_take_t *take, void *context)
{
    cci_chunk_header_t header;
    size_t             used = used_of(c);

    if (used == 0)
        return true;
    memset(&header, 0, sizeof header);
    (void)cci_rising_copy((uint8_t *)&header, (const volatile uint8_t *)c, sizeof header);
    return take(context, &header, cci_chunk_body(c), used, whole);
}

/* The state first: a chunk that is FULL grows no more. */
static bool read_chunk(cci_chunk_header_t *c, cci_local_take_t *take, void *context,
                       bool *made_free)
{
    uint32_t state = atomic_load_explicit(&c->state, memory_order_acquire); /* pairs: give */

    if (state == CCI_CHUNK_FREE)
        return true;
    bool taken = show(c, state == CCI_CHUNK_FULL, take, context);
    if (state == CCI_CHUNK_FULL) {
        cci_pool_free(c);
        *made_free = true;
    }
    return taken;
}

static bool read_chunks(cci_pool_t *pool, cci_local_take_t *take, void *context)
{
    const uint32_t count     = cci_pool_count(pool);
    bool           made_free = false, taken = true;

    for (uint32_t i = 0; i < count && taken; i++)
        taken = read_chunk(cci_pool_chunk(pool, i), take, context, &made_free);
    if (made_free)
        cci_pool_drained(pool->control);
    return taken;
}

bool cci_local_read(cci_local_take_t *take, void *context, cci_clock_pair_t *now)
{
    *now = cci_clock_pair((cci_clock_kind_t)cci_recorder.header.clock_kind);
    if (atomic_load(&cci_recorder.local) == 0 || cci_recorder_is_fork())
        return false;
    cci_barrier_process();
    bool exact = cci_threads_are_between();
    return read_chunks(&cci_recorder.pool, take, context) && exact;
}
