/* SPDX-License-Identifier: MIT */
/* prim/background.h - threads of our own beside somebody else's work. */
#ifndef CCI_PRIM_BACKGROUND_H
#define CCI_PRIM_BACKGROUND_H
#include <pthread.h>

/* A thread that takes no signals: they are the program's. 0 or an errno. */
int cci_background_start_equal(pthread_t *thread, void *(*run)(void *), void *argument);

/* The same, and it gives way to all others: on a busy machine it gets a percent
 * of a processor, on an idle one all it wants. */
int cci_background_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
