/* SPDX-License-Identifier: MIT */
/* backend/backend.h - what other layers ask of the backends beyond ccmem/backend.h. */
#ifndef CCI_BACKEND_H
#define CCI_BACKEND_H
#include <stdbool.h>
#include <ccmem/backend.h>

enum { CCI_BACKEND_TEXT_MAX = 512 };

/* What is known of one of the backends that have a name. Constant once it is seen. */
typedef struct cci_backend_entry {
    cc_backend_t backend;              /* complete only where available                       */
    bool         available;            /* to cc_alloc                                         */
    bool         installed;            /* a program can be started on it, even if not available */
    char path[CCI_BACKEND_TEXT_MAX];   /* of its file, "" unknown                             */
    char reason[CCI_BACKEND_TEXT_MAX]; /* why it is not available, "" when it is            */
    char version[64];                  /* "" unknown                                          */
} cci_backend_entry_t;

/* The entry of that name, opened if it is not yet. NULL: no such name, or no memory. */
const cci_backend_entry_t *cci_backend_entry(const char *name);

/* cc_backend_current for those who do not ask why. */
static inline const cc_backend_t *cci_backend_current(void)
{
    return cc_backend_current(NULL);
}

/* True: a memory checker watches the process' own malloc, and nobody chose a backend, so that
 * blocks must come from there one by one. Constant after the first call; chooses the backend. */
bool cci_backend_stepping_aside(void);

/* The process' own malloc family, whatever serves it. Not one of the names. */
extern const cc_backend_t cci_backend_process;

#endif
