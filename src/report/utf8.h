/* SPDX-License-Identifier: MIT */
/* report/utf8.h - names from traces and object files are bytes; reports are UTF-8. */
#ifndef CCI_REPORT_UTF8_H
#define CCI_REPORT_UTF8_H
#include <stddef.h>
#include <stdio.h>

#define CCI_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for each byte that is not UTF-8 */

/* The length of the character at s, of n > 0 bytes: 1 to 4, or 0 when it is not well-formed
 * (overlong, a surrogate, beyond U+10FFFF, cut off). O(1). */
size_t cci_utf8_length(const char *s, size_t n);

/* What a report shows of the first character of s, of n > 0 bytes: itself, or U+FFFD for a byte
 * that is none. */
typedef struct cci_utf8 {
    const char *bytes;
    size_t      length; /* of what is shown      */
    size_t      used;   /* bytes of s it is for  */
} cci_utf8_t;

cci_utf8_t cci_utf8_first(const char *s, size_t n);

/* Write all of s so. A failed write is kept by the FILE. */
void cci_utf8_put(FILE *out, const char *s, size_t n);

#endif
