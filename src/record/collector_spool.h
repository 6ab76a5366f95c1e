/* SPDX-License-Identifier: MIT */
/* record/collector_spool.h - the private directory that recorded processes put their pools into, with
 * its control page (record/control.h). */
#ifndef CCI_RECORD_COLLECTOR_SPOOL_H
#define CCI_RECORD_COLLECTOR_SPOOL_H
#include <limits.h>
#include "record/control.h"

typedef struct cci_spool {
    char           path[PATH_MAX];
    int            control_fd; /* has the lock that says that the collector lives */
    cci_control_t *control;
} cci_spool_t;

/* 0 or an errno, which is about path: then there is none. Removes spools of the same user, in the same
 * place, whose collectors were killed. */
int cci_spool_make(cci_spool_t *s);

/* The same in the first of these places that will do, NULL after the last; path "": none will. */
int cci_spool_make_in(cci_spool_t *s, const char *const *places);

/* With whatever processes left in it that died half way, or came too late. */
void cci_spool_remove(cci_spool_t *s);

#endif
