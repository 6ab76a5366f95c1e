/* SPDX-License-Identifier: MIT */
/* record/collector_attach.h - the other side of a dormant process' door (record/attach.h).
 *
 * Only a process of the same user, in the same pid and mount namespace and under the same root
 * directory can be attached to: the two have to name processes and files alike.
 *
 * Threads: one.
 *
 * Example:
 *   cci_attach_t a;
 *   if (cci_attach_find(&a, pid, &refusal) && cci_attach_lock(&a, &refusal) &&
 *       cci_attach_switch_on(&a, &request, &refusal))
 *       ... collect while cci_attach_is_on(&a) ...
 *   cci_attach_switch_off(&a);
 *   cci_attach_close(&a);
 */
#ifndef CCI_RECORD_COLLECTOR_ATTACH_H
#define CCI_RECORD_COLLECTOR_ATTACH_H
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "record/attach.h"

typedef struct cci_attach {
    int         pid;
    int         pid_fd;
    int         door_fd; /* with the lock, once there is one */
    cci_door_t *door;
    char        door_path[PATH_MAX];
    uint32_t    number; /* of our recording; 0 = not switched on */
} cci_attach_t;

typedef struct cci_attach_request {
    const char      *spool;
    cci_trace_mode_t mode;
    uint64_t         sample_interval;
} cci_attach_request_t;

/* Why not. */
typedef struct cci_attach_refusal {
    bool no_process;
    char why[256];
} cci_attach_refusal_t;

/* Find the door; a is to be closed whatever the answer. Also removes doors of the same folder that
 * are nobody's. */
bool cci_attach_find(cci_attach_t *a, int pid, cci_attach_refusal_t *refusal);

/* Be the only one who attaches, until close. */
bool cci_attach_lock(cci_attach_t *a, cci_attach_refusal_t *refusal);

/* Begin to record. It begins with the process' next allocation; a fork that has no door of its own
 * yet is waited for, a few seconds. */
bool cci_attach_switch_on(cci_attach_t *a, const cci_attach_request_t *request,
                          cci_attach_refusal_t *refusal);

/* End our recording; nothing to do is fine. */
void cci_attach_switch_off(cci_attach_t *a);

/* End the process' recording, whosever it is. */
bool cci_attach_end_any(cci_attach_t *a, cci_attach_refusal_t *refusal);

/* Our recording is on: nobody has ended it, and the process has not failed to go on. */
bool cci_attach_is_on(const cci_attach_t *a);

/* Why the process ended it, an errno; 0 = it did not. */
int cci_attach_error(const cci_attach_t *a);

/* Whether the process has ended. */
bool cci_attach_is_gone(const cci_attach_t *a);

/* Whether it, or a fork of it, still has the door: it has neither ended nor become another program. */
bool cci_attach_is_open(const cci_attach_t *a);

/* Whether somebody else has the lock: while that is so their trace is not whole. */
bool cci_attach_is_locked(const cci_attach_t *a);

void cci_attach_close(cci_attach_t *a);

/* What a line of /proc/PID/maps says. */
typedef enum {
    CCI_MAPPED_OTHER,
    CCI_MAPPED_RECORDER, /* the library */
    CCI_MAPPED_DOOR,     /* path is set, PATH_MAX bytes */
    CCI_MAPPED_DELETED   /* a door whose file is no more */
} cci_mapped_t;

cci_mapped_t cci_attach_read_map(const char *line, char *path);

#endif
