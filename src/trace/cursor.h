/* SPDX-License-Identifier: MIT */
/* trace/cursor.h - one thread's place in its part of a trace, one event ahead.
 *
 * A chunk is loaded when its first event may be the next of the whole trace, not before: `time`
 * is a lower bound then, and exact when there is an event.
 *
 * The last chunk may be an open one, which its thread is writing to. It comes again, longer, until
 * it comes whole: the cursor goes on where it was.
 *
 * Invariant: time never falls; event is valid while has_event.
 */
#ifndef CCI_TRACE_CURSOR_H
#define CCI_TRACE_CURSOR_H
#include "trace/body.h"
#include "trace/decode.h"
#include "trace/ids.h"
#include "trace/meta.h"
#include "trace/tables.h"

/* The readings of the allocator's books so far; their times are in ticks >> tick_shift until the
 * reader gives them out. All zero is none. */
typedef struct cci_readings {
    cci_books_reading_t *items;
    size_t               count, capacity;
} cci_readings_t;

/* What the cursors of a trace share. */
typedef struct cci_shared {
    cci_source_t        source;
    const cci_loader_t *loader; /* NULL: no chunk is in a file */
    cci_unpacker_t      unpacker;
    cci_tables_t        tables;
    cci_metas_t         metas;
    cci_readings_t      readings;
    cci_warnings_t      warnings;
    cci_trace_info_t    info;
    uint64_t            stored_done; /* bytes of the chunks that were loaded */
} cci_shared_t;

/* The last measures of an open chunk, which are counted on in place. */
typedef struct cci_rising {
    size_t               at; /* in the body; 0 = there are none */
    cci_trace_measured_t taken;
} cci_rising_t;

typedef struct cci_cursor {
    cci_event_t           event;   /* time_ns is not set */
    uint64_t              time;    /* ticks >> tick_shift */
    const uint8_t        *p, *end; /* the records not decoded yet; NULL: no chunk is loaded */
    cci_decoder_t         decoder;
    cci_ids_t             nodes, modules;
    cci_body_t            body;
    cci_chunk_t          *next, *chunks_end; /* chunks not loaded yet */
    cci_trace_thread_t   *thread;
    cci_trace_measures_t *measures; /* the thread's; NULL until there are some */
    cci_rising_t         *rising;   /* NULL until an open chunk has measures */
    uint64_t              position; /* in an open chunk: what of its body was taken */
    uint32_t              number;   /* of the thread in the trace */
    bool                  merged;   /* it is in the merge */
    bool                  open;     /* the last chunk loaded is: the next one is it again */
    bool                  live;     /* ... and its body has room for what is to come */
    bool                  has_event, told_of_unknown;
} cci_cursor_t;

/* A cursor at the start of a thread's chunks, which are not none. They and thread stay in place, or
 * the cursor is told (next, chunks_end). */
void cci_cursor_init(cci_cursor_t *c, cci_chunk_t *chunks, cci_chunk_t *chunks_end,
                     cci_trace_thread_t *thread, uint32_t thread_index);

void cci_cursor_fini(cci_cursor_t *c);

/* Of a live chunk that was loaded, and is open: `used` bytes stand in body now, of which what is not
 * decoded yet is taken over, and what goes on rising. A chunk without a copy tells the cursor. False:
 * there is nothing new. */
bool cci_cursor_refresh(cci_cursor_t *c, const uint8_t *body, size_t used);

/* Go on: to the next event, or over the border of a chunk. CC_RESULT_NOT_FOUND: there is no more;
 * CC_RESULT_NO_MEMORY, _IO. */
CC_NODISCARD cc_result_t cci_cursor_step(cci_cursor_t *c, cci_shared_t *shared);

#endif
