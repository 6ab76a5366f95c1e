/* SPDX-License-Identifier: MIT */
/* plain.c - see report/plain.h. */
#define _GNU_SOURCE
#include "report/plain.h"

bool cci_plain_begin(cci_plain_t *p)
{
    p->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!p->plain)
        return false;
    p->before = uselocale(p->plain);
    return true;
}

void cci_plain_end(cci_plain_t *p)
{
    uselocale(p->before);
    freelocale(p->plain);
}
