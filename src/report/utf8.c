/* SPDX-License-Identifier: MIT */
/* utf8.c - see report/utf8.h. Source: The Unicode Standard 15, table 3-7. */
#include <stdint.h>
#include "report/utf8.h"

/* What may stand second after a first byte; third and fourth are 0x80 to 0xbf always. */
typedef struct lead {
    uint8_t from, to;
    uint8_t second_from, second_to;
    uint8_t length;
} lead_t;

static const lead_t LEADS[] = {
    { 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
    { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
    { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static const lead_t *find_lead(uint8_t first)
{
    for (size_t i = 0; i < sizeof LEADS / sizeof LEADS[0]; i++)
        if (first >= LEADS[i].from && first <= LEADS[i].to)
            return &LEADS[i];
    return NULL;
}

size_t cci_utf8_length(const char *s, size_t n)
{
    const uint8_t *b    = (const uint8_t *)s;
    const lead_t  *lead = find_lead(b[0]);

    if (!lead || lead->length > n)
        return 0;
    if (lead->length > 1 && (b[1] < lead->second_from || b[1] > lead->second_to))
        return 0;
    for (size_t i = 2; i < lead->length; i++)
        if (b[i] < 0x80 || b[i] > 0xbf)
            return 0;
    return lead->length;
}

cci_utf8_t cci_utf8_first(const char *s, size_t n)
{
    size_t length = cci_utf8_length(s, n);

    if (length == 0)
        return (cci_utf8_t){ CCI_UTF8_REPLACEMENT, sizeof CCI_UTF8_REPLACEMENT - 1, 1 };
    return (cci_utf8_t){ s, length, length };
}

void cci_utf8_put(FILE *out, const char *s, size_t n)
{
    size_t good = 0; /* bytes from s on that are as they should be */

    while (good < n) {
        size_t length = cci_utf8_length(s + good, n - good);
        good += length;
        if (length > 0)
            continue;
        fwrite_unlocked(s, 1, good, out);
        fputs_unlocked(CCI_UTF8_REPLACEMENT, out);
        s += good + 1;
        n -= good + 1;
        good = 0;
    }
    fwrite_unlocked(s, 1, good, out);
}
