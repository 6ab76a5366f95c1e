/* SPDX-License-Identifier: MIT */
/* trace/format.h - the bytes of a .ccm trace. docs/formats/trace.md is the specification in prose.
 *
 * A file is one header and then chunks. A chunk holds records of one thread; its body starts with
 * that thread's running counters, and the records follow. There are two layouts of the same thing:
 *
 *   in place  the recorder maps the file and writes into it: chunks have one size and a state, and
 *             `used` says at any moment, also after SIGKILL, how much of the body is valid.
 *   stored    the collector's output: FULL chunks copied one behind the other, bodies compressed.
 *
 * Everything is little-endian. Times in records are clock ticks shifted right by tick_shift.
 */
#ifndef CCI_TRACE_FORMAT_H
#define CCI_TRACE_FORMAT_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock_kind.h"
#include "base/histogram.h"

#define CCI_TRACE_MAGIC   "CCMTRACE"
#define CCI_TRACE_VERSION 1u
#define CCI_TRACE_ENDIAN  0x01020304u
#define CCI_CHUNK_MAGIC   0x4b4d4343u /* "CCMK" */

enum {
    CCI_TRACE_HEADER_BYTES = 4096,   /* the first chunk starts here                */
    CCI_CHUNK_HEADER_BYTES = 128,    /* the body starts here                       */
    CCI_CHUNK_BYTES        = 131072, /* header and body of a chunk in place        */
    CCI_SIZE_BUCKETS       = 48,     /* 0, 1-8, 9-16, 17-32, ... doubling          */
    CCI_RECORD_MAX         = 64,     /* no event is longer; extended records may be */
    CCI_STACK_MAX          = 256     /* frames of a stack; deeper ones lose their outer end */
};

typedef enum { CCI_LAYOUT_IN_PLACE = 1, CCI_LAYOUT_STORED = 2 } cci_trace_layout_t;
typedef enum { CCI_MODE_FULL = 1, CCI_MODE_SAMPLE = 2, CCI_MODE_COUNT = 3 } cci_trace_mode_t;

enum {
    CCI_TRACE_FLAG_FORKED =
        1u, /* the process began as a fork: its parent's blocks are live in it */
    CCI_TRACE_FLAG_ATTACHED = 2u /* it had run before: blocks of that time are live in it */
};

typedef struct cci_trace_header {
    char             magic[8];
    uint32_t         version;
    uint32_t         endian;
    uint32_t         header_bytes;
    uint32_t         layout;
    uint32_t         chunk_bytes; /* in place: the distance between chunks */
    uint32_t         flags;
    uint32_t         mode;
    uint32_t         clock_kind;
    uint32_t         tick_shift;
    uint32_t         pid;
    uint32_t         ppid;
    uint32_t         reserved;
    uint64_t         sample_interval; /* mean bytes between samples; 0 unless CCI_MODE_SAMPLE */
    uint64_t         start_real_ns;   /* CLOCK_REALTIME at `start` */
    cci_clock_pair_t start;
} cci_trace_header_t;

/* What a thread did up to here. In full mode the records say it all and this stays zero. */
typedef struct cci_trace_counters {
    uint64_t alloc_count;
    uint64_t free_count;
    uint64_t alloc_bytes;  /* as requested */
    uint64_t usable_alloc; /* malloc_usable_size of what was allocated, 0 when not measured */
    uint64_t usable_freed;
    uint64_t reserved[3];
    uint64_t sizes[CCI_SIZE_BUCKETS]; /* allocations by cci_size_bucket */
} cci_trace_counters_t;

enum { CCI_CHUNK_FREE = 0, CCI_CHUNK_OWNED = 1, CCI_CHUNK_FULL = 2 };
/* How a body is stored: as it is; packed; packed with its records as columns (trace/columns.h). */
typedef enum { CCI_CODEC_RAW = 0, CCI_CODEC_ZSTD = 1, CCI_CODEC_COLUMNS = 2 } cci_trace_codec_t;
typedef enum { CCI_CHUNK_THREAD = 1, CCI_CHUNK_PROCESS = 2 } cci_chunk_kind_t;

typedef struct cci_chunk_header {
    uint32_t magic;
    _Atomic uint32_t
             state; /* in place: FREE, OWNED by a thread, FULL (the collector's); stored: FULL */
    uint32_t codec;
    uint32_t kind;
    uint64_t stored; /* stored: bytes of the body in the file; the next header follows, 8-aligned */
    _Atomic uint64_t used;      /* bytes of the body before compression */
    uint32_t         thread;    /* from 0; one number per life of a thread */
    uint32_t         tid;       /* the system's name for it */
    uint64_t         seq;       /* of this thread, from 0, without gaps */
    uint64_t         base_time; /* the first record's time is relative to this */
    cci_clock_pair_t opened;
    uint64_t         lost; /* events of this thread lost, up to the end of this chunk */
    char             name[16];
    uint64_t         first_node;   /* the number that the next CCI_EXT_NODE here gets   */
    uint64_t         first_module; /* the number that the next CCI_EXT_MODULE here gets */
    uint64_t         reserved[2];
} cci_chunk_header_t;

_Static_assert(sizeof(cci_trace_header_t) <= CCI_TRACE_HEADER_BYTES, "header page");
_Static_assert(sizeof(cci_chunk_header_t) == CCI_CHUNK_HEADER_BYTES, "chunk header");
_Static_assert(sizeof(cci_trace_counters_t) == 64 + 8 * CCI_SIZE_BUCKETS, "counters");

/* A record's first byte: operation in the low 3 bits, time since the record before in the high 5;
 * CCI_TIME_ESCAPE there means that a varint follows with the rest. */
typedef enum {
    CCI_OP_EXTENDED = 0, /* the high bits are a cci_extended_t, a varint length follows */
    CCI_OP_MALLOC   = 1, /* size, address, stack                  */
    CCI_OP_FREE     = 2, /* address                               */
    CCI_OP_CALLOC   = 3, /* size, address, stack                  */
    CCI_OP_REALLOC  = 4, /* size, new address, old address, stack */
    CCI_OP_ALIGNED  = 5  /* size, address, stack, log2 alignment  */
} cci_op_t;

enum { CCI_TIME_ESCAPE = 31 };

typedef enum {
    CCI_EXT_NODE   = 1, /* one more stack node of this thread: parent, module, offset */
    CCI_EXT_MODULE = 2, /* one more module of this thread: start, end, bias, build-id, path */
    CCI_EXT_META   = 3, /* key, value: text about the process */
    CCI_EXT_RSS    = 4, /* time (varint, absolute ticks >> shift), resident bytes, those of files */
    CCI_EXT_END    = 5, /* the process ended: clock pair, wait status + 1 or 0 when unknown */
    CCI_EXT_MEASURED = 6, /* how long some calls took: a cci_trace_measured_t, counted in place */
    CCI_EXT_BOOKS    = 7  /* time, and what the allocator said of its heap: a cci_books_t */
} cci_extended_t;

typedef enum {
    CCI_BOOKS_GLIBC    = 1,
    CCI_BOOKS_MIMALLOC = 2,
    CCI_BOOKS_JEMALLOC = 3,
    CCI_BOOKS_TCMALLOC = 4
} cci_books_kind_t;

#define CCI_BOOKS_UNKNOWN UINT64_MAX

/* An allocator's own books at a moment, in bytes; CCI_BOOKS_UNKNOWN where they do not say. */
typedef struct cci_books {
    uint64_t kind;    /* cci_books_kind_t, perhaps */
    uint64_t held;    /* from the system, and not given back */
    uint64_t used;    /* in blocks that the program has, or a thread's cache has for it */
    uint64_t top;     /* unused at the heap's end, behind all blocks */
    uint64_t largest; /* free block */
    uint64_t blocks;  /* free ones, their number */
} cci_books_t;

enum { CCI_MEASURED_ALLOC, CCI_MEASURED_FREE, CCI_MEASURED_KINDS };

/* The calls of a thread that were measured while this stood last in its chunk. Durations are ticks,
 * not shifted, less timer_ticks. */
typedef struct cci_trace_measured {
    uint32_t every;       /* one call in so many was, on average */
    uint32_t timer_ticks; /* what looking at the clock takes itself */
    uint64_t sized;       /* allocations of which it was asked how much they got: */
    uint64_t requested;   /* bytes that these asked for, ... */
    uint64_t usable;      /* ... and malloc_usable_size of what they got */
    uint64_t ticks[CCI_MEASURED_KINDS];
    uint16_t calls[CCI_MEASURED_KINDS][CCI_HISTOGRAM_BUCKETS]; /* by cci_histogram_bucket(ticks) */
} cci_trace_measured_t;

_Static_assert(sizeof(cci_trace_measured_t) == 48 + 4 * CCI_HISTOGRAM_BUCKETS, "measured");

#endif
