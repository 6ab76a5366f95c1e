/* SPDX-License-Identifier: MIT */
/* json_writer.c - see report/json_writer.h. Source: RFC 8259. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "report/json_writer.h"
#include "report/utf8.h"

enum { INDENTED_LEVELS = 2 };

static void put(cci_json_t *w, const char *text)
{
    fputs_unlocked(text, w->out);
}

static void put_escape(cci_json_t *w, unsigned char c)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (const char *s = SHORT; *s; s += 2)
        if ((unsigned char)*s == c) {
            putc_unlocked('\\', w->out);
            putc_unlocked(s[1], w->out);
            return;
        }
    fprintf(w->out, "\\u%04x", c);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* One character that is not plain; returns its bytes. */
static size_t put_special(cci_json_t *w, const char *s, size_t n)
{
    size_t length = cci_utf8_length(s, n);

    if (length == 0)
        put(w, CCI_UTF8_REPLACEMENT);
    else if (length == 1)
        put_escape(w, (unsigned char)*s);
    else
        fwrite_unlocked(s, 1, length, w->out);
    return length ? length : 1;
}

static void put_string(cci_json_t *w, const char *s, size_t n)
{
    putc_unlocked('"', w->out);
    for (size_t i = 0; i < n;) {
        size_t run = i;
        while (run < n && is_plain((unsigned char)s[run]))
            run++;
        fwrite_unlocked(s + i, 1, run - i, w->out);
        i = run < n ? run + put_special(w, s + run, n - run) : run;
    }
    putc_unlocked('"', w->out);
}

static void put_line(cci_json_t *w)
{
    putc_unlocked('\n', w->out);
    for (unsigned i = 0; i < w->depth; i++)
        put(w, "  ");
}

static bool is_indented(const cci_json_t *w)
{
    return !w->compact && w->depth > 0 && w->depth <= INDENTED_LEVELS;
}

/* Everything that stands before a value. */
static void begin_value(cci_json_t *w, const char *name)
{
    bool indented = is_indented(w);

    if (w->more)
        put(w, indented || w->compact ? "," : ", ");
    if (indented)
        put_line(w);
    if (name) {
        put_string(w, name, strlen(name));
        put(w, w->compact ? ":" : ": ");
    }
    w->more = true;
}

static void begin(cci_json_t *w, const char *name, char bracket)
{
    begin_value(w, name);
    putc_unlocked(bracket, w->out);
    w->depth++;
    w->more = false;
}

static void end(cci_json_t *w, char bracket)
{
    bool indented = w->more && is_indented(w);

    w->depth--;
    if (indented)
        put_line(w);
    putc_unlocked(bracket, w->out);
    w->more = true;
    if (w->depth == 0)
        putc_unlocked('\n', w->out);
}

void cci_json_begin_object(cci_json_t *w, const char *name)
{
    begin(w, name, '{');
}

void cci_json_end_object(cci_json_t *w)
{
    end(w, '}');
}

void cci_json_begin_array(cci_json_t *w, const char *name)
{
    begin(w, name, '[');
}

void cci_json_end_array(cci_json_t *w)
{
    end(w, ']');
}

void cci_json_null(cci_json_t *w, const char *name)
{
    begin_value(w, name);
    put(w, "null");
}

void cci_json_bool(cci_json_t *w, const char *name, bool value)
{
    begin_value(w, name);
    put(w, value ? "true" : "false");
}

void cci_json_uint(cci_json_t *w, const char *name, uint64_t value)
{
    begin_value(w, name);
    fprintf(w->out, "%" PRIu64, value);
}

void cci_json_int(cci_json_t *w, const char *name, int64_t value)
{
    begin_value(w, name);
    fprintf(w->out, "%" PRId64, value);
}

void cci_json_double(cci_json_t *w, const char *name, double value)
{
    if (!isfinite(value)) {
        cci_json_null(w, name);
        return;
    }
    begin_value(w, name);
    fprintf(w->out, "%.12g", value);
}

void cci_json_seconds(cci_json_t *w, const char *name, uint64_t ns)
{
    begin_value(w, name);
    fprintf(w->out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

void cci_json_hex(cci_json_t *w, const char *name, uint64_t value)
{
    begin_value(w, name);
    fprintf(w->out, "\"0x%" PRIx64 "\"", value);
}

void cci_json_string(cci_json_t *w, const char *name, const char *value)
{
    if (value)
        cci_json_bytes(w, name, value, strlen(value));
    else
        cci_json_null(w, name);
}

void cci_json_bytes(cci_json_t *w, const char *name, const char *value, size_t n)
{
    begin_value(w, name);
    put_string(w, value, n);
}
