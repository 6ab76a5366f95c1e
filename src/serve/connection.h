/* SPDX-License-Identifier: MIT */
/* serve/connection.h - one client of a server: where its request is, and its answer. Private to
 * src/serve.
 *
 * Nothing here waits. Times are milliseconds of a clock that does not jump.
 */
#ifndef CCI_SERVE_CONNECTION_H
#define CCI_SERVE_CONNECTION_H
#include <stdint.h>
#include "serve/server.h"

/* What is the same for all of them. */
typedef struct cci_service {
    cci_answer_fn_t *answer;
    void            *context;
    bool             loopback; /* requests must name this machine */
} cci_service_t;

typedef enum {
    CCI_PHASE_NONE,    /* no client; all zero is this */
    CCI_PHASE_READING, /* for (the rest of) a request  */
    CCI_PHASE_ASKING,  /* for its answer               */
    CCI_PHASE_WRITING, /* it                           */
    CCI_PHASE_LEAVING  /* all is said; what the client had sent meanwhile is thrown away */
} cci_phase_t;

enum { CCI_CONNECTION_HEAD_BYTES = 512, CCI_CONNECTION_WORDS_BYTES = 128 };

typedef struct cci_connection {
    cci_phase_t     phase;
    int             fd;
    uint64_t        since, until; /* of the phase */
    unsigned        answered;
    char            in[CCI_REQUEST_MAX];
    size_t          in_n;
    cci_request_t   request;                         /* its texts are in `in` ... */
    size_t          request_n;                       /* ... where it has so many bytes */
    char            head[CCI_CONNECTION_HEAD_BYTES]; /* of the answer */
    char            words[CCI_CONNECTION_WORDS_BYTES];
    const char     *body;
    size_t          head_n, body_n, sent; /* sent: of both */
    cci_document_t *document;
    bool            close; /* after this answer */
} cci_connection_t;

/* A client has come; fd, which does not block, is the connection's. */
void cci_connection_begin(cci_connection_t *c, int fd, uint64_t now);

/* Go as far as it gets: after an event of its descriptor, or when an answer may be ready. */
void cci_connection_step(cci_connection_t *c, const cci_service_t *s, uint64_t now);

/* Its time is over (until). */
void cci_connection_expire(cci_connection_t *c, const cci_service_t *s, uint64_t now);

/* What to poll for. */
short cci_connection_events(const cci_connection_t *c);

/* From when on it may be sent away for another client; UINT64_MAX: it waits for us. */
uint64_t cci_connection_yields_at(const cci_connection_t *c);

/* Close it. */
void cci_connection_end(cci_connection_t *c);

#endif
