/* SPDX-License-Identifier: MIT */
/* serve/request.h - what a client of HTTP/1.1 asks for.
 *
 * Only what a server needs that gives out a few documents: GET and HEAD, no bodies. Any bytes may
 * be given; what is no request, or one that is not for us, has the status to refuse it with.
 *
 * No library: the one in Debian that embeds, libmicrohttpd, is under the LGPL and brings a TLS stack
 * and a thread pool; this is a page of code, and a fuzzer's (tests/fuzz/request_fuzz.c).
 */
#ifndef CCI_SERVE_REQUEST_H
#define CCI_SERVE_REQUEST_H
#include <stdbool.h>
#include <stddef.h>

enum { CCI_REQUEST_MAX = 8192, CCI_REQUEST_LINE_MAX = 2048 };

typedef struct cci_text {
    const char *at; /* no 0 behind it */
    size_t      n;
} cci_text_t;

typedef struct cci_request {
    cci_text_t path;   /* begins with a slash; without the query */
    cci_text_t host;   /* with its port; none: HTTP/1.0 */
    cci_text_t accept; /* of several fields the last */
    bool       head;   /* the answer is to have no body */
    bool       old;    /* HTTP/1.0 */
    bool       close;  /* the connection ends with the answer */
    int        status; /* to refuse it with; 0: it is fine */
} cci_request_t;

/* How many of the n bytes are the first request, which *out then tells; 0: it is not all there. Texts
 * point into bytes. A request of CCI_REQUEST_MAX bytes or more is refused; so it will do to ask
 * whenever more bytes have come, up to that many. */
size_t cci_request_read(cci_request_t *out, const char *bytes, size_t n);

bool cci_text_is(cci_text_t text, const char *other);

/* Whether an Accept field would rather have this media type than the other one. */
bool cci_accept_prefers(cci_text_t accept, const char *type, const char *other);

/* Whether a Host field names this machine to itself: localhost, 127.0.0.0/8 or [::1], any port. A
 * page of the web whose name was made to point here does not pass. */
bool cci_host_is_loopback(cci_text_t host);

#endif
