/* SPDX-License-Identifier: MIT */
/* record/attach.h - recording that is switched on and off while the program runs.
 *
 * A process that starts dormant has a *door*: one page, mapped shared from a file that only its
 * user may open. The page's first word says what every thread is to do, and is all that an
 * allocation looks at:
 *
 *     CCI_WORD_NEW       nobody has looked at the environment yet
 *     CCI_WORD_ASLEEP    nothing is recorded
 *     any other          the number of the recording that is on
 *
 * `ccmem attach` writes what is to be recorded, and where to, into the page, and then the word;
 * `ccmem detach`, or whoever attached, puts the word back. In a process that is not to be switched
 * the page is a private one, and the word goes from NEW to a recording and to ASLEEP.
 *
 * Not a socket: somebody would have to listen. A thread of ours shows in programs that count theirs
 * and is gone after a fork; a descriptor is closed by every daemon; a signal belongs to the program.
 * A mapping is there as long as the process is, in its forks as well, and needs no time.
 *
 * A fork shares the door of its parent, and is recorded with it. When the word next becomes a
 * recording that it was not forked into, it makes a door of its own and takes the request along if
 * that was meant for it. So a fork costs nothing, and a child can be attached to all the same.
 *
 * The mapping holds a lock on the first byte of the file: a file without one is nobody's door. Who
 * attached holds one on the second for as long as it lives, and so does a process that records
 * itself (record/local.h).
 */
#ifndef CCI_RECORD_ATTACH_H
#define CCI_RECORD_ATTACH_H
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "trace/format.h"

#define CCI_DOOR_SUFFIX ".door"
#define CCI_DOOR_MAGIC  0x524f4443u /* "CDOR" */

enum {
    CCI_WORD_NEW    = 0,
    CCI_WORD_ASLEEP = 1,
    CCI_WORD_FIRST  = 2,      /* recording */
    CCI_WORD_LAST   = 1 << 30 /* so that no two are as far apart as CCI_LAG_RESTING */
};

/* What both sides must agree on: this page, the control page, the pools. */
enum { CCI_DOOR_VERSION = CCI_TRACE_VERSION << 16 | 2 };

enum { CCI_DOOR_LOCK_OPEN, CCI_DOOR_LOCK_ATTACHED }; /* bytes of the file */

#if defined(__aarch64__)
enum { CCI_DOOR_PAGE = 65536 }; /* the largest there is */
#else
enum { CCI_DOOR_PAGE = 4096 };
#endif

enum { CCI_DOOR_BYTES = 4096, CCI_DOOR_SPOOL_BYTES = 2048 }; /* of the file, of the spool's name */

typedef struct cci_door {
    _Alignas(CCI_DOOR_PAGE) _Atomic uint32_t word;
    uint32_t magic, version;
    int32_t  owner; /* the process that made it, as it calls itself */
    uint32_t last;  /* the number that was used last */
    /* The number of a recording that the process reads itself; 0: nobody else's business */
    _Atomic uint32_t local;
    /* What is asked for; whole before the word says so. */
    int32_t          target; /* the process, as it calls itself; its forks share the page */
    _Atomic uint64_t error;  /* why it does not record: cci_door_fail */
    uint32_t         mode;   /* cci_trace_mode_t */
    uint64_t         sample_interval;
    char             spool[CCI_DOOR_SPOOL_BYTES];
} cci_door_t;

_Static_assert(sizeof(cci_door_t) == CCI_DOOR_PAGE, "nothing else may be on the page");

extern cci_door_t cci_door __attribute__((visibility("hidden")));

/* The number after this one. */
static inline uint32_t cci_door_next(uint32_t number)
{
    return number >= CCI_WORD_FIRST && number < CCI_WORD_LAST ? number + 1 : CCI_WORD_FIRST;
}

/* What `error` is while nothing is wrong with the recording of this number. */
static inline uint64_t cci_door_no_error(uint32_t number)
{
    return (uint64_t)number << 32;
}

/* The recording does not begin, or has ended, by this errno; the first one counts. What is said late
 * of a recording before is not taken for this one's. */
static inline void cci_door_fail(uint32_t number, int error)
{
    uint64_t none = cci_door_no_error(number);
    atomic_compare_exchange_strong(&cci_door.error, &none, none | (uint32_t)error);
}

/* ---- in the process whose door it is; one thread at a time ---- */

/* Make a door in the first folder that may hold one, its contents those of *contents, and be at it.
 * 0 or an errno, and what is about: then nothing has changed. */
int cci_door_make(const cci_door_t *contents, const char **what);

/* Be at a private page that says ASLEEP: nobody can attach any more. */
void cci_door_leave(void);

/* The process ends: remove the file unless a fork still needs it. Leaves the door. */
void cci_door_remove(void);

/* A fork is at its parent's: it is not its own to remove. */
void cci_door_forked(void);
bool cci_door_is_own(void);

/* It is at one that others are at as well, and not its own: a fork that has not made one yet. */
bool cci_door_is_shared(void);

/* Keep everybody from attaching, until unlock. False: somebody has attached. Where there is no file
 * nobody can, and where it cannot be opened `local` has to do. */
bool cci_door_lock(void);
void cci_door_unlock(void);

#endif
