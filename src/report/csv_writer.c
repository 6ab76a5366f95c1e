/* SPDX-License-Identifier: MIT */
/* csv_writer.c - see report/csv_writer.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "report/csv_writer.h"
#include "report/utf8.h"

static void put_quoted(cci_csv_t *w, const char *text)
{
    putc_unlocked('"', w->out);
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        cci_utf8_put(w->out, text, (size_t)(quote + 1 - text));
        putc_unlocked('"', w->out);
    }
    cci_utf8_put(w->out, text, strlen(text));
    putc_unlocked('"', w->out);
}

static void put_text(cci_csv_t *w, const char *text)
{
    if (!*text || strpbrk(text, ",\"\r\n"))
        put_quoted(w, text);
    else
        cci_utf8_put(w->out, text, strlen(text));
}

/* What stands before a value. False: this is the header, and there is none to write. */
static bool begin_value(cci_csv_t *w, const char *name)
{
    if (w->inside)
        putc_unlocked(',', w->out);
    w->inside = true;
    if (!w->named)
        put_text(w, name);
    return w->named;
}

void cci_csv_unknown(cci_csv_t *w, const char *name)
{
    begin_value(w, name);
}

void cci_csv_uint(cci_csv_t *w, const char *name, uint64_t value)
{
    if (begin_value(w, name))
        fprintf(w->out, "%" PRIu64, value);
}

void cci_csv_known(cci_csv_t *w, const char *name, uint64_t value, bool known)
{
    if (known)
        cci_csv_uint(w, name, value);
    else
        cci_csv_unknown(w, name);
}

void cci_csv_double(cci_csv_t *w, const char *name, double value)
{
    if (begin_value(w, name) && isfinite(value))
        fprintf(w->out, "%.12g", value);
}

void cci_csv_seconds(cci_csv_t *w, const char *name, uint64_t ns)
{
    if (begin_value(w, name))
        fprintf(w->out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

void cci_csv_hex(cci_csv_t *w, const char *name, uint64_t value)
{
    if (begin_value(w, name))
        fprintf(w->out, "0x%" PRIx64, value);
}

void cci_csv_text(cci_csv_t *w, const char *name, const char *value)
{
    if (begin_value(w, name) && value)
        put_text(w, value);
}

void cci_csv_end_row(cci_csv_t *w)
{
    fputs("\r\n", w->out);
    w->named  = true;
    w->inside = false;
}
