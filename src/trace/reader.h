/* SPDX-License-Identifier: MIT */
/* trace/reader.h - a trace as one stream of events in the order of time.
 *
 * Opening looks only at chunk headers; chunks are decoded one a thread at a time while events are
 * asked for, so memory grows with threads, stacks and modules and not with the trace's length.
 * Any bytes may be given: what is damaged ends in CC_RESULT_DAMAGED or, where what stands before
 * it is whole, in a reader that gives the whole part and a warning.
 *
 * Example:
 *   cci_trace_t *t;
 *   if (cci_trace_open(&t, "app.ccm") == CC_RESULT_OK) {
 *       cci_event_t e;
 *       while (cci_trace_next(t, &e)) ...
 *       cci_trace_close(t);
 *   }
 *
 * Threads: one at a time per reader.
 */
#ifndef CCI_TRACE_READER_H
#define CCI_TRACE_READER_H
#include <stdbool.h>
#include <ccmem/result.h>
#include "trace/format.h"

typedef struct cci_trace cci_trace_t;

/* One event. Times are nanoseconds since the trace's start. */
typedef struct cci_event {
    cci_op_t op;         /* CCI_OP_MALLOC ... CCI_OP_ALIGNED */
    uint32_t thread;     /* index for cci_trace_thread       */
    uint32_t stack;      /* index for cci_trace_node; 0 = no stack */
    uint32_t align_log2; /* CCI_OP_ALIGNED, else 0           */
    uint64_t time_ns;
    uint64_t ptr;     /* new address, or the one freed    */
    uint64_t old_ptr; /* CCI_OP_REALLOC                   */
    uint64_t size;    /* bytes asked for; 0 for a free    */
} cci_event_t;

/* A stack is a node; its outer frames are its parents, up to node 0. Same stacks of different
 * threads are the same node. */
typedef struct cci_stack_node {
    uint32_t parent;
    uint32_t module; /* index for cci_trace_module, 0 = none: then offset is an absolute address */
    uint64_t offset; /* return address - bias: an address as the module's symbols have it */
} cci_stack_node_t;

typedef struct cci_trace_module {
    const char    *path;
    const uint8_t *build_id;
    size_t         build_id_len;
    uint64_t       start, end, bias;
} cci_trace_module_t;

/* What was measured of some of a thread's calls. */
typedef struct cci_trace_measures {
    uint64_t        sized;             /* allocations of which it is known how much they got: */
    uint64_t        requested, usable; /* bytes of these */
    cci_histogram_t ticks[CCI_MEASURED_KINDS];
} cci_trace_measures_t;

typedef struct cci_trace_thread {
    uint32_t             tid;
    char                 name[17]; /* "" when it never had one */
    uint64_t             lost;     /* events that could not be written */
    uint64_t             first_ns; /* when it began to record */
    uint64_t             last_ns;  /* after the last event: of its last event or chunk   */
    cci_trace_counters_t counters; /* the last ones seen: exact after the last event, in sample
                                    * and count mode; in full mode zero */
    const cci_trace_measures_t *measures; /* up to the last event; NULL = none */
} cci_trace_thread_t;

typedef struct cci_rss_sample {
    uint64_t time_ns;
    uint64_t bytes;
    uint64_t shared; /* of them, in pages of files; UINT64_MAX = not known */
} cci_rss_sample_t;

typedef struct cci_books_reading {
    uint64_t    time_ns;
    cci_books_t books;
} cci_books_reading_t;

/* What is known before the first event, except what is marked: that is complete after the last. */
typedef struct cci_trace_info {
    uint32_t         pid, ppid, flags;
    cci_trace_mode_t mode;
    uint64_t         sample_interval;
    uint64_t         start_real_ns;
    uint64_t         end_ns;         /* of the process or of the last event, since the start */
    int              wait_status;    /* -1 = not known */
    uint64_t         file_bytes;     /* of the file as it stands            */
    uint64_t         raw_bytes;      /* after the last: of records, decompressed */
    uint64_t         events;         /* after the last */
    uint64_t         lost_events;    /* that could not be written */
    uint32_t         measured_every; /* after the last: one call in so many; 0 = none */
    uint32_t         timer_ticks;    /* after the last: of a measurement itself */
    bool             incomplete;     /* after the last: chunks are missing or damaged */
} cci_trace_info_t;

/* path: a .ccm file, seekable. CC_RESULT_NOT_FOUND, _DENIED, _IO: it cannot be read; _UNSUPPORTED:
 * another version's; _DAMAGED: not a trace, or too little of one; _NO_MEMORY. O(chunks). */
CC_NODISCARD cc_result_t cci_trace_open(cci_trace_t **out, const char *path);

/* The same for a trace in memory, which stays the caller's and unchanged until close. */
CC_NODISCARD cc_result_t cci_trace_open_memory(cci_trace_t **out, const void *bytes, size_t size);

/* Release the reader and all that it gave out. NULL is fine. */
void cci_trace_close(cci_trace_t *t);

/* Why the last open of this thread failed, as words for a person: "not a ccmem trace". */
const char *cci_trace_open_error(void);

/* The next event in time, false at the end. Events of one thread keep their order; between threads
 * the order is that of the clock, which may be off by less than a microsecond. Amortised
 * O(log threads). */
bool cci_trace_next(cci_trace_t *t, cci_event_t *out);

/* CC_RESULT_OK, or why cci_trace_next ended early (_NO_MEMORY, _IO). */
cc_result_t cci_trace_status(const cci_trace_t *t);

/* 0 to 1: how much of the file has been decoded. Goes by chunks. */
double cci_trace_progress(const cci_trace_t *t);

const cci_trace_info_t *cci_trace_info(const cci_trace_t *t);

/* The value of a key ("exe", "host", "allocator", ...), or NULL. "argv" holds the arguments one
 * after the other, each ended by a NUL; len, which may be NULL, counts all of it. A 0 stands behind
 * every value. Keys of the process are known from the start. */
const char *cci_trace_meta(const cci_trace_t *t, const char *key, size_t *len);

/* Threads are all known from the start. Nodes and modules grow while events are read: a number
 * stays what it is, a pointer holds until the next cci_trace_next (a module's strings until
 * close). */
uint32_t                  cci_trace_thread_count(const cci_trace_t *t);
const cci_trace_thread_t *cci_trace_thread(const cci_trace_t *t, uint32_t index);
uint32_t                  cci_trace_node_count(const cci_trace_t *t); /* node 0 is the root */
const cci_stack_node_t   *cci_trace_node(const cci_trace_t *t, uint32_t index);
uint32_t                  cci_trace_module_count(const cci_trace_t *t); /* module 0 is none */
const cci_trace_module_t *cci_trace_module(const cci_trace_t *t, uint32_t index);

/* Nanoseconds a tick of the clock, in which measures are. */
double cci_trace_tick_ns(const cci_trace_t *t);

/* Samples of the resident size by time, all known from the start. */
size_t cci_trace_rss(const cci_trace_t *t, const cci_rss_sample_t **out);

/* The allocator's own books, read now and then by the program's threads; up to the last event, about
 * in the order of time. */
size_t              cci_trace_books_count(const cci_trace_t *t);
cci_books_reading_t cci_trace_books(const cci_trace_t *t, size_t index);

/* What was wrong with the file and was passed over, as lines for a person; complete after the last
 * event. */
size_t      cci_trace_warning_count(const cci_trace_t *t);
const char *cci_trace_warning(const cci_trace_t *t, size_t index);

#endif
