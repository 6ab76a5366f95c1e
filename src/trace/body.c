/* SPDX-License-Identifier: MIT */
/* body.c - see trace/body.h. */
#include "trace/body.h"

#include <stdlib.h>

void cci_body_take(cci_body_t *b, uint8_t *bytes, size_t used)
{
    free(b->bytes);
    *b = (cci_body_t){ .bytes = bytes, .capacity = used + CCI_RECORD_MAX };
}

void cci_body_fini(cci_body_t *b)
{
    free(b->bytes);
    *b = (cci_body_t){ 0 };
}
