/* SPDX-License-Identifier: MIT */
/* record/local.h - a recording that is read in the process itself.
 *
 * The same recorder, chunks and records as for a trace file, but the chunks are in private memory, and
 * a thread of this process takes the place of the collector. There is no file, no other process, and
 * in a forked child no recording.
 *
 * There are two recorders that it may be about: the library's own, which knows of what it is told
 * (a heap that is observed), and the one of the preload library, where that is loaded and records for
 * nobody else: it sees all of malloc, too. Both are used through one table of functions.
 *
 * Example:
 *   const cci_local_t *l = cci_local_find();
 *   if (l->start(&options) == CC_RESULT_OK) {
 *       for (;;) {
 *           l->wait(10);
 *           exact = l->read(take_chunk, trace, &now);
 *       }
 *       l->stop();
 *   }
 *
 * Failure  CC_RESULT_BUSY: a recording is on; _NO_MEMORY.
 * Threads  start, stop, read: one at a time; all others any.
 */
#ifndef CCI_RECORD_LOCAL_H
#define CCI_RECORD_LOCAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/result.h>
#include "trace/format.h"

typedef struct cci_local_options {
    cci_trace_mode_t mode; /* CCI_MODE_FULL or CCI_MODE_SAMPLE */
    uint64_t         sample_interval;
    bool             stacks;        /* false: every event has stack 0, and no thread reads malloc's
                                       books (record/books.h): it could not tell where it is */
    uint32_t         measure_every; /* calls; 0 = none is measured */
    uintptr_t        allocator;     /* any address in what serves, for the trace's meta */
} cci_local_options_t;

/* A chunk in use, of whose body `used` bytes are there for good, but for what docs/formats/trace.md
 * says goes on rising (counters, measures). whole: its thread is done with it, and after the call it
 * is another's. False: it could not be taken, and what it held is lost: reading ends. */
typedef bool cci_local_take_t(void *context, const cci_chunk_header_t *header, const uint8_t *body,
                              size_t used, bool whole);

typedef struct cci_local_event {
    cci_op_t    op;
    size_t      size, align; /* align: of CCI_OP_ALIGNED */
    const void *frame;       /* address of the frame whose return address is the program's */
} cci_local_event_t;

typedef struct cci_local {
    const char *version;    /* of the library that it is in: no other's is used */
    size_t      bytes;      /* of this table, the same */
    bool        everything; /* malloc is recorded, not only what is told */

    CC_NODISCARD cc_result_t (*start)(const cci_local_options_t *options);
    void (*stop)(void);
    bool (*is_on)(void); /* false: not started, stopped, a forked child's, or out of memory */
    const cci_trace_header_t *(*header)(void); /* of the recording that is on */

    /* Until a chunk is full, ring is called, or so many milliseconds are over. */
    void (*wait)(unsigned ms);
    void (*ring)(void);
    /* Show every chunk in use. *now was read off the clock before. True: all that happened before
     * *now was shown; false: some thread was in the middle of a record, which may be of before. */
    bool (*read)(cci_local_take_t *take, void *context, cci_clock_pair_t *now);

    /* As heap/observer.h: in pairs, and what the first returns goes to the second. While a pair is
     * open, nothing else that the thread does is recorded. */
    uint64_t (*allocating)(void);
    void (*allocated)(uint64_t began, void *ptr, size_t usable, const cci_local_event_t *e);
    uint64_t (*freeing)(void *ptr);
    void (*freed)(uint64_t began);
    uint64_t (*resizing)(void *old);
    void (*resized)(uint64_t began, void *old, void *ptr, size_t usable,
                    const cci_local_event_t *e);

    /* Whether the calling thread's events are recorded, for whomever. A recording that is to begin with
     * the first event begins. */
    bool (*records)(void);

    /* The calling thread's events are not recorded until it resumes with what suspend returned. */
    void *(*suspend)(void);
    void (*resume)(void *suspended);
} cci_local_t;

/* The recorder of the library that this is linked into. */
extern const cci_local_t cci_local_own;

/* By this name the preload library exports its own: a const cci_local_t. */
#define CCI_LOCAL_SYMBOL "ccmem_preload_local"

/* The preload library's, if that is there, is of this version, and can record; otherwise our own. */
const cci_local_t *cci_local_find(void);

#endif
