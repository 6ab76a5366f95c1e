/* SPDX-License-Identifier: MIT */
/* record/pool.h - the chunks a process records into: a mapped trace file, layout "in place", or
 * private memory that a thread of the process itself reads.
 *
 * A chunk goes FREE -> OWNED (one thread takes it by compare-and-swap) -> FULL (the thread gives it
 * away) -> FREE (the collector has copied it). Without a collector FULL is the end: the chunk stays
 * in the file, and the file grows. Disk space is always reserved before it is mapped, so a full
 * disk is an error code here and not a SIGBUS in the program. In private memory the reader is what
 * the collector is to a file, and the control page is one of the process' own.
 *
 * Threads: any. No lock is taken but while the file grows. Allocates nothing with malloc. Opens
 * files, which a thread must not be cancelled in.
 */
#ifndef CCI_RECORD_POOL_H
#define CCI_RECORD_POOL_H
#include <limits.h>
#include <stdbool.h>
#include "record/control.h"
#include "trace/format.h"

enum {
    CCI_POOL_EXTENT_CHUNKS = 8,    /* the file grows by 1 MiB */
    CCI_POOL_EXTENTS_MAX   = 8192, /* of chunks in use at once, or of a plain file: 8 GiB */
    CCI_POOL_SPARE_CHUNKS  = 16,   /* a process' share */
    CCI_POOL_THREAD_CHUNKS = 4     /* what a thread adds to it */
};

typedef struct cci_pool {
    char             path[PATH_MAX];
    char             control_path[PATH_MAX];
    cci_control_t   *control; /* NULL: no collector, a plain file */
    bool             local;   /* no file: private memory */
    _Atomic uint32_t extents; /* mapped so far */
    _Atomic uint32_t growing; /* lock */
    _Atomic uint32_t next;    /* plain file: the first chunk never used */
    _Atomic uint32_t threads; /* that take chunks */
    bool             left;    /* there is no collector behind `control` any more */
    _Atomic uint32_t
        late; /* the collector let a thread wait in vain: until it is back, none does */
    /* NULL: never used; an address stays for good. A thread that is late may add one to a pool that
     * was just left. */
    _Atomic(void *) extent[CCI_POOL_EXTENTS_MAX];
} cci_pool_t;

/* Make the file at pool->path, which must not exist, with this header, and its first chunks.
 * 0 or an errno. */
int cci_pool_create(cci_pool_t *pool, const cci_trace_header_t *header);

/* Use the collector of a spool, before create; again is fine. 0 or an errno, EPIPE: it has died. */
int cci_pool_join(cci_pool_t *pool, const char *spool);

/* Instead of both: chunks in private memory, which whoever calls reads. 0 or an errno. */
int cci_pool_create_local(cci_pool_t *pool);

/* Be done with the file and the collector, to create and join anew. A thread that is in the middle of
 * something goes on unharmed: at the addresses of chunks and control page there is private memory
 * that nobody reads, until the next file takes its place. */
void cci_pool_leave(cci_pool_t *pool);

/* In a fork, which has nothing of its parent's pool but the control page. */
void cci_pool_forget(cci_pool_t *pool);

/* A chunk for this thread, state OWNED, body empty, header not filled in; NULL and errno when
 * there is none to be had: ENOSPC, EPIPE (the collector died), ETIMEDOUT (it does not keep up).
 * Waits for the collector if it must, at most CCI_POOL_WAIT_MS, and no more once that was in vain. */
cci_chunk_header_t *cci_pool_take(cci_pool_t *pool);

/* Give a chunk away. */
void cci_pool_give(cci_pool_t *pool, cci_chunk_header_t *chunk);

enum { CCI_POOL_WAIT_MS = 2000 };

/* ---- for who reads them ---- */

/* Of a local one: chunks there are, in any state. */
uint32_t            cci_pool_count(cci_pool_t *pool);
cci_chunk_header_t *cci_pool_chunk(cci_pool_t *pool, uint32_t index);

/* A FULL chunk was read: it is free. */
void cci_pool_free(cci_chunk_header_t *chunk);

/* Some were made free: whoever waits for one goes on. */
void cci_pool_drained(cci_control_t *control);

static inline uint8_t *cci_chunk_body(cci_chunk_header_t *chunk)
{
    return (uint8_t *)chunk + CCI_CHUNK_HEADER_BYTES;
}

#endif
