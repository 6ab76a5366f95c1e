/* SPDX-License-Identifier: MIT */
/* document.c - see serve/document.h. */
#include "serve/document.h"

#include <stdatomic.h>
#include <stdlib.h>

struct cci_document {
    atomic_uint holders;
    char       *bytes;
    size_t      n;
    const char *type;
};

cci_document_t *cci_document_create(char *bytes, size_t n, const char *type)
{
    cci_document_t *d = malloc(sizeof *d);

    if (!d) {
        free(bytes);
        return NULL;
    }
    atomic_init(&d->holders, 1);
    d->bytes = bytes;
    d->n     = n;
    d->type  = type;
    return d;
}

cci_document_t *cci_document_hold(cci_document_t *d)
{
    if (d)
        atomic_fetch_add_explicit(&d->holders, 1, memory_order_relaxed);
    return d;
}

void cci_document_release(cci_document_t *d)
{
    /* Each holder's last look at it (release) is before the end of it (acquire). */
    if (!d || atomic_fetch_sub_explicit(&d->holders, 1, memory_order_acq_rel) != 1)
        return;
    free(d->bytes);
    free(d);
}

const char *cci_document_bytes(const cci_document_t *d, size_t *n)
{
    *n = d->n;
    return d->bytes;
}

const char *cci_document_type(const cci_document_t *d)
{
    return d->type;
}
