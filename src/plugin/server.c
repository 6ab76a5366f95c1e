/* SPDX-License-Identifier: MIT */
/* server.c - see plugin/server.h.
 *
 * A child that is forked has the sockets, and would hold the port for as long as it lives, answering
 * nobody. So it closes them at once; all else of a server is left as it was at that moment. What it
 * closes is noted without a lock: whoever forks, or serves, may hold any. A fork in the very moment in
 * which a socket is opened or closed may pass it on.
 */
#include "plugin/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include "watch/publisher.h"

enum { NO_SOCKET = -1 };

/* One of a list that only grows; of a server that has ended it is free for another one. */
typedef struct note {
    struct note *next;
    atomic_int   fd;
} note_t;

struct cci_plugin_server {
    pid_t            owner;
    note_t          *note;
    cci_listener_t   listener;
    cci_publisher_t *publisher;
};

/* ---- forks ---- */

static _Atomic(note_t *) notes;
static pthread_once_t    once = PTHREAD_ONCE_INIT;
static int               refused; /* an errno: forks cannot be looked after */

static void in_child(void)
{
    for (note_t *n = atomic_load(&notes); n; n = n->next) {
        int fd = atomic_exchange(&n->fd, NO_SOCKET);
        if (fd != NO_SOCKET)
            close(fd);
    }
}

static void look_after_forks(void)
{
    refused = pthread_atfork(NULL, NULL, in_child);
}

static note_t *reuse_note(int fd)
{
    for (note_t *n = atomic_load(&notes); n; n = n->next) {
        int none = NO_SOCKET;
        if (atomic_compare_exchange_strong(&n->fd, &none, fd))
            return n;
    }
    return NULL;
}

static note_t *add_note(int fd)
{
    note_t *n = malloc(sizeof *n);

    if (!n)
        return NULL;
    atomic_init(&n->fd, fd);
    n->next = atomic_load(&notes);
    while (!atomic_compare_exchange_weak(&notes, &n->next, n)) {
    }
    return n;
}

/* NULL: out of memory. */
static note_t *note_socket(int fd)
{
    note_t *n = reuse_note(fd);
    return n ? n : add_note(fd);
}

/* ---- the server ---- */

static cc_result_t start(cci_plugin_server_t *s, const cci_moments_t *from)
{
    cc_result_t r = cci_publisher_create(&s->publisher, &s->listener, from);
    return r == CC_RESULT_OK ? cci_publisher_start(s->publisher) : r;
}

/* Nothing is left of it. A number that is noted is never one that is closed, and so another's. */
static void release(cci_plugin_server_t *s)
{
    cci_publisher_destroy(s->publisher);
    if (s->note)
        atomic_store(&s->note->fd, NO_SOCKET);
    cci_listener_close(&s->listener);
    free(s);
}

static cc_result_t open_and_start(cci_plugin_server_t *s, const cci_moments_t *from,
                                  const char *address)
{
    const char *why;
    cc_result_t r = cci_listener_open(&s->listener, address, &why);

    if (r != CC_RESULT_OK)
        return r;
    s->note = note_socket(s->listener.fd);
    return s->note ? start(s, from) : CC_RESULT_NO_MEMORY;
}

cc_result_t cci_plugin_serve(cci_plugin_server_t **out, const cci_moments_t *from,
                             const char *address, uint16_t *port)
{
    pthread_once(&once, look_after_forks);
    cci_plugin_server_t *s = refused ? NULL : calloc(1, sizeof *s);
    if (!s)
        return CC_RESULT_NO_MEMORY;
    s->owner       = getpid();
    s->listener.fd = NO_SOCKET;
    cc_result_t r  = open_and_start(s, from, address);
    if (r != CC_RESULT_OK) {
        release(s);
        return r;
    }
    if (port)
        *port = s->listener.port;
    *out = s;
    return CC_RESULT_OK;
}

void cci_plugin_end(cci_plugin_server_t *s)
{
    if (s && s->owner == getpid())
        release(s);
}
