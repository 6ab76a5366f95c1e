/* SPDX-License-Identifier: MIT */
/* serve/server.h - a small HTTP/1.1 server: one thread of its own, few connections, documents that
 * somebody else makes.
 *
 * It gives what it is told to give, to GET and HEAD, and takes nothing. What a client may use up is
 * bounded: CCI_SERVER_CONNECTIONS at once, others wait in the system's queue until the one that lets
 * us wait longest makes room; CCI_REQUEST_MAX bytes of a request, within seconds; an answer that is
 * not read in time is cut off. Its thread gives way to all others, so that no number of requests slows a busy machine.
 *
 * At an address of the loopback a request must name it (cci_host_is_loopback): otherwise any page of
 * the web could read what is served, by having its own name point here.
 *
 * An answer may take its time: the function that is asked says so, and is asked again for every
 * request that waits once cci_server_wake was called.
 *
 * Example:
 *   static bool answer(void *context, const cci_request_t *request, cci_answer_t *out)
 *   {
 *       if (cci_text_is(request->path, "/"))
 *           *out = (cci_answer_t){ 200, cci_document_hold(context) };
 *       return true;
 *   }
 *   ...
 *   cci_server_t *s;
 *   if (cci_server_start(&s, &listener, NULL, answer, page) == CC_RESULT_OK)
 *       cci_server_stop(s);
 *
 * Failure  CC_RESULT_NO_MEMORY, CC_RESULT_IO (no thread, no descriptors).
 * Threads  any; answer is called by the server's.
 */
#ifndef CCI_SERVE_SERVER_H
#define CCI_SERVE_SERVER_H
#include "serve/document.h"
#include "serve/listener.h"
#include "serve/request.h"

enum { CCI_SERVER_CONNECTIONS = 16 };

typedef struct cci_answer {
    int             status; /* 404 until it is changed */
    cci_document_t *body;   /* goes over to the server; NULL: the status in words */
} cci_answer_t;

/* False: not yet. It must not wait: meanwhile nobody is served. */
typedef bool cci_answer_fn_t(void *context, const cci_request_t *request, cci_answer_t *out);

typedef struct cci_server cci_server_t;

/* What a thread does first. */
typedef void cci_begin_fn_t(void *context);

/* The listener stays the caller's, open until stop. begin: of the server's thread, NULL = nothing. */
CC_NODISCARD cc_result_t cci_server_start(cci_server_t **out, const cci_listener_t *listener,
                                          cci_begin_fn_t *begin, cci_answer_fn_t *answer,
                                          void *context);

/* What was not ready may be. */
void cci_server_wake(cci_server_t *s);

/* No answer is asked for any more; connections are cut. NULL is fine. */
void cci_server_stop(cci_server_t *s);

#endif
