/* SPDX-License-Identifier: MIT */
/* record/collector_signals.h - what the collector does when it is told to end, or a child has. */
#ifndef CCI_RECORD_COLLECTOR_SIGNALS_H
#define CCI_RECORD_COLLECTOR_SIGNALS_H
#include <signal.h>
#include "record/control.h"

enum { CCI_SIGNALS = 7 };

typedef struct cci_signals {
    struct sigaction old[CCI_SIGNALS];
} cci_signals_t;

/* To whom SIGTERM and SIGHUP are passed on, 0 = nobody; and how often somebody wanted an end. */
extern volatile sig_atomic_t cci_signals_child, cci_signals_interrupts;

/* A child that ends rings the control page's doorbell. */
void cci_signals_catch(cci_signals_t *s, cci_control_t *control);

/* In a child that is to be another program: what was ignored stays ignored. */
void cci_signals_restore(const cci_signals_t *s);

void cci_signals_end(const cci_signals_t *s);

#endif
