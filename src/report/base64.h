/* SPDX-License-Identifier: MIT */
/* report/base64.h - bytes as text, on their way into a FILE: one line, with padding.
 *
 * Failure  a failed write is kept by the FILE (ferror).
 * Source   RFC 4648, section 4.
 */
#ifndef CCI_REPORT_BASE64_H
#define CCI_REPORT_BASE64_H
#include <stdio.h>

/* What is written to the result goes to out so, and is all there after fclose, which leaves out
 * open. NULL: out of memory. */
FILE *cci_base64_open(FILE *out);

#endif
