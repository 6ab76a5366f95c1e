/* SPDX-License-Identifier: MIT */
/* serve/document.h - the body of an answer, which several connections send at once. It does not
 * change; the last holder releases it.
 *
 * Threads: any.
 */
#ifndef CCI_SERVE_DOCUMENT_H
#define CCI_SERVE_DOCUMENT_H
#include <stddef.h>

typedef struct cci_document cci_document_t;

/* bytes, from malloc, become the document's, also on failure; type: a media type, which outlives it.
 * The caller holds it. NULL: out of memory. */
cci_document_t *cci_document_create(char *bytes, size_t n, const char *type);

/* One holder more, and less. NULL is fine. hold returns d. */
cci_document_t *cci_document_hold(cci_document_t *d);
void            cci_document_release(cci_document_t *d);

const char *cci_document_bytes(const cci_document_t *d, size_t *n);
const char *cci_document_type(const cci_document_t *d);

#endif
