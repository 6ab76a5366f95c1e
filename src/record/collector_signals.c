/* SPDX-License-Identifier: MIT */
/* record/collector_signals.c - see record/collector_signals.h. */
#include "record/collector_signals.h"
#include <errno.h>

volatile sig_atomic_t cci_signals_child, cci_signals_interrupts;

static cci_control_t *volatile signal_control;

static void on_child(int signal)
{
    (void)signal;
    if (signal_control)
        atomic_fetch_add(&signal_control->doorbell, 1); /* and the wait is interrupted */
}

static void on_interrupt(int signal)
{
    (void)signal;
    cci_signals_interrupts = cci_signals_interrupts + 1;
}

static void on_terminate(int signal)
{
    int error = errno;

    cci_signals_interrupts = cci_signals_interrupts + 1;
    if (cci_signals_child > 0)
        kill(cci_signals_child, signal);
    errno = error;
}

/* SIGXFSZ and SIGPIPE are ignored: a file that may not grow and a stderr that nobody reads are
 * error codes here. */

static const struct {
    int signal;
    void (*handler)(int);
} handled[CCI_SIGNALS] = { { SIGCHLD, on_child },     { SIGINT, on_interrupt },
                           { SIGQUIT, on_interrupt }, { SIGTERM, on_terminate },
                           { SIGHUP, on_terminate },  { SIGXFSZ, SIG_IGN },
                           { SIGPIPE, SIG_IGN } };

void cci_signals_catch(cci_signals_t *s, cci_control_t *control)
{
    signal_control         = control;
    cci_signals_interrupts = 0;
    for (int i = 0; i < CCI_SIGNALS; i++) {
        struct sigaction a = { .sa_handler = handled[i].handler };
        sigaction(handled[i].signal, &a, &s->old[i]);
    }
}

void cci_signals_restore(const cci_signals_t *s)
{
    for (int i = 0; i < CCI_SIGNALS; i++)
        sigaction(handled[i].signal, &s->old[i], NULL);
}

void cci_signals_end(const cci_signals_t *s)
{
    cci_signals_restore(s);
    signal_control = NULL;
}
