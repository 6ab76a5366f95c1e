/* SPDX-License-Identifier: MIT */
/* listener.c - see serve/listener.h. */
#include "serve/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_BYTES = 256, BACKLOG = 64, PORT_MAX = 65535 };

static bool read_port(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= 5 && strspn(text, "0123456789") == n && atoi(text) <= PORT_MAX;
}

/* The host goes to `host`, *port points into where. */
static bool split(const char *where, char host[HOST_BYTES], const char **port)
{
    const char *colon = strrchr(where, ':');
    const char *begin = where, *end = colon ? colon : where;

    *port = colon ? colon + 1 : where;
    if (end > begin && *begin == '[' && end[-1] == ']') {
        begin++;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin))) {
        return false; /* which colon is the port's? */
    }
    size_t n = (size_t)(end - begin);
    if (n >= HOST_BYTES)
        return false;
    memcpy(host, begin, n);
    host[n] = '\0';
    return read_port(*port);
}

static bool is_loopback(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    return a->ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

/* What the system made of the address. */
static bool describe(cci_listener_t *l)
{
    struct sockaddr_storage a;
    socklen_t               n = sizeof a;
    char                    host[INET6_ADDRSTRLEN + 16], port[8];

    if (getsockname(l->fd, (struct sockaddr *)&a, &n) != 0 ||
        getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    l->loopback = is_loopback(&a);
    l->port     = (uint16_t)atoi(port);
    snprintf(l->name, sizeof l->name, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    return true;
}

static bool listen_at(cci_listener_t *l, const struct addrinfo *a)
{
    const int on = 1;

    l->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd >= 0 && setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(l->fd, a->ai_addr, a->ai_addrlen) == 0 && listen(l->fd, BACKLOG) == 0 && describe(l))
        return true;
    int error = errno;
    cci_listener_close(l);
    errno = error;
    return false;
}

cc_result_t cci_listener_open(cci_listener_t *out, const char *where, const char **why)
{
    const struct addrinfo hints = { .ai_flags    = AI_NUMERICSERV | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo      *found = NULL;
    char                  host[HOST_BYTES];
    const char           *port;

    *out = (cci_listener_t){ .fd = -1 };
    *why = "expected an address and a port, such as 127.0.0.1:9464";
    if (!split(where, host, &port))
        return CC_RESULT_INVALID;
    int error = getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &found);
    if (error) {
        *why = error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
        return CC_RESULT_NOT_FOUND;
    }
    bool listens = false;
    for (const struct addrinfo *a = found; a && !listens; a = a->ai_next)
        listens = listen_at(out, a);
    error = errno;
    freeaddrinfo(found);
    *why = strerror(error);
    return listens ? CC_RESULT_OK : error == EACCES ? CC_RESULT_DENIED : CC_RESULT_IO;
}

void cci_listener_close(cci_listener_t *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
