/* SPDX-License-Identifier: MIT */
/* serve/listener.h - an address and port where a server waits for clients. */
#ifndef CCI_SERVE_LISTENER_H
#define CCI_SERVE_LISTENER_H
#include <stdbool.h>
#include <stdint.h>
#include <ccmem/result.h>

enum { CCI_LISTENER_NAME_BYTES = 80 };

typedef struct cci_listener {
    int      fd;
    bool     loopback;                      /* only this machine reaches it */
    uint16_t port;                          /* that was chosen */
    char     name[CCI_LISTENER_NAME_BYTES]; /* "127.0.0.1:9464" */
} cci_listener_t;

/* where: ADDRESS:PORT, PORT or :PORT; without an address 127.0.0.1, not all; port 0 is any that is
 * free. An IPv6 address stands in brackets. CC_RESULT_INVALID: it is no such text; otherwise
 * CC_RESULT_NOT_FOUND, _DENIED, _IO, with *why as words that hold until the next call. */
CC_NODISCARD cc_result_t cci_listener_open(cci_listener_t *out, const char *where,
                                           const char **why);

void cci_listener_close(cci_listener_t *l);

#endif
