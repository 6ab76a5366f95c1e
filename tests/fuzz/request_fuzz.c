/* SPDX-License-Identifier: MIT */
/* Any bytes are a request, the beginning of one, or are refused; what comes out lies in them, and
 * does not depend on how they came or what came behind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "serve/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_text(cci_text_t t, const char *bytes, size_t n)
{
    check(t.n == 0 || (t.at >= bytes && t.n <= n && t.at + t.n <= bytes + n));
}

static bool same_text(cci_text_t a, cci_text_t b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static void check_request(const cci_request_t *r, const char *bytes, size_t used)
{
    check_text(r->path, bytes, used);
    check_text(r->host, bytes, used);
    check_text(r->accept, bytes, used);
    if (r->status) {
        check(r->close && r->status >= 400 && r->status <= 599);
        return;
    }
    check(used <= CCI_REQUEST_MAX && r->path.n > 0 && r->path.at[0] == '/');
    check(!r->old || r->close);
    check(!memchr(r->path.at, '?', r->path.n) && !memchr(r->path.at, '\n', r->path.n));
}

/* A fine request is the same without what follows, and none when its last byte is missing. */
static void check_end(const cci_request_t *r, const char *bytes, size_t used)
{
    cci_request_t again;
    char         *alone = malloc(used);

    check(alone != NULL);
    memcpy(alone, bytes, used);
    check(cci_request_read(&again, alone, used) == used);
    check(again.status == 0 && again.head == r->head && again.close == r->close);
    check(same_text(again.path, r->path) && same_text(again.host, r->host) &&
          same_text(again.accept, r->accept));
    check(cci_request_read(&again, alone, used - 1) == 0);
    free(alone);
}

static void check_fields(const char *bytes, size_t n)
{
    static const char OPEN[] = "application/openmetrics-text", PLAIN[] = "text/plain";
    const cci_text_t  text = { bytes, n };

    check(!cci_accept_prefers(text, OPEN, OPEN));
    check(!(cci_accept_prefers(text, OPEN, PLAIN) && cci_accept_prefers(text, PLAIN, OPEN)));
    if (n > 0 && cci_host_is_loopback(text))
        check(memchr("lL1[", bytes[0], 4) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cci_request_t r;
    char         *bytes = malloc(size ? size : 1); /* so that a look behind it is seen */

    check(bytes != NULL);
    memcpy(bytes, data, size);
    size_t used = cci_request_read(&r, bytes, size);
    check(used <= size);
    check(used > 0 || (r.status == 0 && size < CCI_REQUEST_MAX));
    if (used > 0)
        check_request(&r, bytes, used);
    if (used > 0 && r.status == 0)
        check_end(&r, bytes, used);
    check_fields(bytes, size);
    free(bytes);
    return 0;
}
