/* SPDX-License-Identifier: MIT */
/* watching.h - `ccmem profile --live`: between the collector and what is served. */
#ifndef CCI_WATCHING_H
#define CCI_WATCHING_H
#include "record/collector.h"
#include "watch/watch.h"

/* All zero is: nobody watches. */
typedef struct cci_watching {
    cci_listener_t       listener;
    cci_watch_t         *watch;
    cci_collector_view_t view;
} cci_watching_t;

/* Listen at `where` before the program runs. out: the trace as given, NULL = not. quiet: say where
 * only when that cannot be known. Returns CCI_GO_ON or a status, with a message. */
int cci_watching_open(cci_watching_t *w, const char *where, const char *out, const char *program,
                      bool quiet);

/* For the collector, NULL = none. w stays where it is. */
const cci_collector_view_t *cci_watching_view(cci_watching_t *w);

void cci_watching_close(cci_watching_t *w);

#endif
