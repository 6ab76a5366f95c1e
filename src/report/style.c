/* SPDX-License-Identifier: MIT */
/* style.c - see report/style.h. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "report/style.h"
#include "report/utf8.h"

/* ---- figures ---- */

cci_figure_t cci_figure_count(uint64_t n)
{
    char         digits[24];
    int          length = snprintf(digits, sizeof digits, "%" PRIu64, n);
    cci_figure_t f;
    char        *to = f.text;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return f;
}

cci_figure_t cci_figure_of(uint64_t n, const char *singular)
{
    cci_figure_t count = cci_figure_count(n), f;

    snprintf(f.text, sizeof f.text, "%.27s %.16s%s", count.text, singular, n == 1 ? "" : "s");
    return f;
}

/* Three digits and a unit: the step up is taken before rounding would show four of them. */
static cci_figure_t scaled(double value, double step, const char *const *units, size_t count)
{
    size_t       u = 0;
    cci_figure_t f;

    while (u + 1 < count && value >= (u == 0 ? step : step - 0.5)) {
        value /= step;
        u++;
    }
    int digits = u == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    snprintf(f.text, sizeof f.text, "%.*f%s%s", digits, value, *units[u] ? " " : "", units[u]);
    return f;
}

cci_figure_t cci_figure_bytes(uint64_t bytes)
{
    static const char *const UNITS[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    return scaled((double)bytes, 1024, UNITS, sizeof UNITS / sizeof UNITS[0]);
}

cci_figure_t cci_figure_rate(double per_second)
{
    static const char *const UNITS[] = { "", "k", "M", "G", "T" };
    return scaled(per_second, 1000, UNITS, sizeof UNITS / sizeof UNITS[0]);
}

static cci_figure_t long_time(uint64_t seconds)
{
    cci_figure_t f;

    if (seconds < 3600)
        snprintf(f.text, sizeof f.text, "%" PRIu64 " min %02" PRIu64 " s", seconds / 60,
                 seconds % 60);
    else
        snprintf(f.text, sizeof f.text, "%" PRIu64 " h %02" PRIu64 " min", seconds / 3600,
                 seconds / 60 % 60);
    return f;
}

cci_figure_t cci_figure_time(uint64_t ns)
{
    static const char *const UNITS[] = { "ns", "us", "ms", "s" };

    if (ns >= UINT64_C(120000000000))
        return long_time(ns / 1000000000);
    return scaled((double)ns, 1000, UNITS, sizeof UNITS / sizeof UNITS[0]);
}

cci_figure_t cci_figure_percent(double part, double whole)
{
    cci_figure_t f;

    if (whole > 0)
        snprintf(f.text, sizeof f.text, "%.1f %%", 100 * part / whole);
    else
        snprintf(f.text, sizeof f.text, "-");
    return f;
}

cci_figure_t cci_figure_instant(uint64_t real_ns)
{
    time_t       seconds = (time_t)(real_ns / 1000000000);
    struct tm    utc;
    cci_figure_t f = { "" };

    gmtime_r(&seconds, &utc); /* 64 bits of nanoseconds end in the year 2554 */
    size_t n = strftime(f.text, sizeof f.text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(f.text + n, sizeof f.text - n, ".%06" PRIu64 "Z", real_ns % 1000000000 / 1000);
    return f;
}

/* ---- terminal ---- */

const char *cci_tone_on(const cci_style_t *s, cci_tone_t tone)
{
    static const char *const CODES[] = {
        [CCI_TONE_HEADING] = "\033[1m",
        [CCI_TONE_DIM]     = "\033[2m",
        [CCI_TONE_WARNING] = "\033[33m",
    };
    return s->colour ? CODES[tone] : "";
}

const char *cci_tone_off(const cci_style_t *s)
{
    return s->colour ? "\033[0m" : "";
}

static void put_eighths(FILE *out, unsigned eighths)
{
    static const char *const PARTS[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

    for (; eighths >= 8; eighths -= 8)
        fputs("█", out);
    fputs(PARTS[eighths], out);
}

void cci_put_bar(FILE *out, const cci_style_t *s, double part, double whole, unsigned columns)
{
    double   share   = whole > 0 && part > 0 ? part / whole : 0;
    unsigned eighths = (unsigned)((share < 1 ? share : 1) * 8 * columns + 0.5);

    if (s->unicode)
        put_eighths(out, eighths ? eighths : share > 0);
    else
        for (unsigned i = 0; i < (eighths + 4) / 8; i++)
            putc('#', out);
}

/* C0 and C1 control characters and DEL. */
static bool is_control(const char *s, size_t length)
{
    unsigned char c = (unsigned char)*s;

    if (length == 1)
        return c < 0x20 || c == 0x7f;
    return length == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* Names are taken for one column a character, which is so but for rare scripts. */
unsigned cci_text_columns(const char *text)
{
    unsigned columns = 0;
    size_t   left    = strlen(text);

    while (left > 0) {
        size_t length = cci_utf8_length(text, left);
        length        = length ? length : 1;
        text += length;
        left -= length;
        columns++;
    }
    return columns;
}

/* Returns the bytes of the character written. */
static size_t put_character(FILE *out, const cci_style_t *s, const char *text, size_t left)
{
    size_t length = cci_utf8_length(text, left);

    if (length == 0 || is_control(text, length) || (length > 1 && !s->unicode))
        putc('?', out);
    else
        fwrite(text, 1, length, out);
    return length ? length : 1;
}

unsigned cci_put_text(FILE *out, const cci_style_t *s, const char *text, unsigned columns)
{
    unsigned    all      = cci_text_columns(text);
    const char *ellipsis = s->unicode ? "…" : "...";
    unsigned    dots     = s->unicode ? 1 : 3;
    bool        cut      = all > columns;
    unsigned    keep     = !cut ? all : columns > dots ? columns - dots : 0;
    size_t      left     = strlen(text);

    for (unsigned i = 0; i < keep; i++) {
        size_t length = put_character(out, s, text, left);
        text += length;
        left -= length;
    }
    if (cut && columns >= dots)
        fputs(ellipsis, out);
    return cut ? (columns >= dots ? keep + dots : 0) : all;
}
