/* SPDX-License-Identifier: MIT */
/* prim/background.h - threads of our own beside somebody else's work. */
#ifndef CCI_PRIM_BACKGROUND_H
#define CCI_PRIM_BACKGROUND_H
#include <pthread.h>

/* A thread that takes no signals and gives way to all others: on a busy machine it gets a percent
 * of a processor, on an idle one all it wants. 0 or an errno. */
int cci_background_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
