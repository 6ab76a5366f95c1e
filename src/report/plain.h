/* SPDX-License-Identifier: MIT */
/* report/plain.h - numbers as data has them, where a program may have chosen other ones: in most of
 * Europe printf would write 0,5.
 *
 * Threads  of the calling one.
 */
#ifndef CCI_REPORT_PLAIN_H
#define CCI_REPORT_PLAIN_H
#include <locale.h>
#include <stdbool.h>

typedef struct cci_plain {
    locale_t plain, before;
} cci_plain_t;

/* From now on, until end. False: out of memory; there is nothing to end. */
bool cci_plain_begin(cci_plain_t *p);
void cci_plain_end(cci_plain_t *p);

#endif
