/* SPDX-License-Identifier: MIT */
/* alarms.h - stops the threads of a test by a timer's signals, wherever they are, for longer than others have
 * patience. For tests of several parts; see support/disturb.h for one. Include it in one source of a
 * test program.
 *
 * Example:
 *   alarms_for_others();
 *   ... another thread: alarms_mask(SIG_UNBLOCK), and starts those that are to be stopped ...
 *   alarms(true);
 */
#ifndef TEST_ALARMS_H
#define TEST_ALARMS_H
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>

enum { ALARMS_EVERY_US = 200, ALARMS_YIELDS = 20 };

static inline void alarms_stop_for_a_while(int unused)
{
    (void)unused;
    for (int i = 0; i < ALARMS_YIELDS; i++)
        sched_yield();
}

/* Of this thread and those that it starts; SIG_BLOCK or SIG_UNBLOCK. */
static inline void alarms_mask(int how)
{
    sigset_t alarm;

    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    if (pthread_sigmask(how, &alarm, NULL) != 0)
        abort();
}

/* The system gives each signal to another thread, and to the first one only if that wants it. */
static inline void alarms_for_others(void)
{
    const struct sigaction action = { .sa_handler = alarms_stop_for_a_while,
                                      .sa_flags   = SA_RESTART };

    alarms_mask(SIG_BLOCK);
    if (sigaction(SIGALRM, &action, NULL) != 0)
        abort();
}

/* Begin, or end. */
static inline void alarms(bool on)
{
    const struct timeval   often = { .tv_usec = on ? ALARMS_EVERY_US : 0 };
    const struct itimerval timer = { often, often };

    if (setitimer(ITIMER_REAL, &timer, NULL) != 0)
        abort();
}

#endif
