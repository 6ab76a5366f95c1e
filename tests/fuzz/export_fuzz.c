/* SPDX-License-Identifier: MIT */
/* Whatever a trace holds, every report of it for programs is well-formed: UTF-8, rows of one length, lines that
 * end with a number. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/gzip.h"
#include "report/report.h"
#include "report/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_utf8(const char *text, size_t n)
{
    for (size_t at = 0, length; at < n; at += length) {
        length = cci_utf8_length(text + at, n - at);
        check(length > 0);
    }
}

/* ---- a reader of each ---- */

/* One row of RFC 4180; returns what is behind it, and its cells. */
static const char *read_row(const char *at, size_t *cells)
{
    bool quoted = false;

    for (*cells = 1; quoted || *at != '\r'; at++) {
        check(*at != '\0' && (quoted || *at != '\n'));
        quoted ^= *at == '"';
        *cells += !quoted && *at == ',';
    }
    check(at[1] == '\n');
    return at + 2;
}

static void check_csv(const char *text, size_t n)
{
    size_t columns, cells;

    check(memchr(text, '\0', n) == NULL);
    for (const char *at = read_row(text, &columns); *at;) {
        at = read_row(at, &cells);
        check(cells == columns);
    }
}

/* "stack NUMBER" */
static void check_line(const char *line, size_t n)
{
    size_t digits = 0;

    for (size_t i = 0; i < n; i++)
        check((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
    while (digits < n && line[n - 1 - digits] >= '0' && line[n - 1 - digits] <= '9')
        digits++;
    check(digits > 0 && digits + 1 < n && line[n - 1 - digits] == ' ');
}

static void check_lines(const char *text, size_t n)
{
    for (const char *end; n > 0; n -= (size_t)(end - text), text = end) {
        end = memchr(text, '\n', n);
        check(end != NULL);
        check_line(text, (size_t)(end - text));
        end++;
    }
}

static void check_gzip(const char *bytes, size_t n)
{
    unsigned char plain[4096];
    z_stream      z = { .next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)n };
    int           status;

    check(inflateInit2(&z, 15 + 16) == Z_OK);
    do {
        z.next_out  = plain;
        z.avail_out = sizeof plain;
        status      = inflate(&z, Z_NO_FLUSH);
    } while (status == Z_OK);
    check(status == Z_STREAM_END && z.avail_in == 0);
    inflateEnd(&z);
}

/* ---- every export ---- */

typedef void check_t(const char *bytes, size_t n);

static void export(const cci_report_t *r, cci_report_writer_t write, check_t *check_bytes)
{
    char  *bytes;
    size_t n;
    FILE  *out = open_memstream(&bytes, &n);

    check(out && write(r, out));
    fclose(out);
    check_bytes(bytes, n);
    free(bytes);
}

static void export_tables(cci_report_t *r)
{
    size_t             n;
    const char *const *table = cci_csv_tables(&n);

    for (size_t i = 0; i < n; i++) {
        r->table = table[i];
        export(r, cci_report_csv, check_csv);
        export(r, cci_report_csv, check_utf8);
    }
}

static void export_all(cci_report_t *r)
{
    export_tables(r);
    for (int v = 0; v < CCI_AMOUNTS; v++) {
        r->value = (cci_amount_t)v;
        export(r, cci_report_collapsed, check_lines);
    }
    export(r, cci_report_collapsed, check_utf8);
    export(r, cci_report_json, check_utf8);
    export(r, cci_report_speedscope, check_utf8);
    export(r, cci_report_prometheus, check_utf8);
    export(r, cci_report_pprof, check_gzip);
}

/* The paths of modules are the input's: none of its files is looked for where files are. */
static const cci_symbolizer_options_t NOWHERE = { .debug_dirs = "/nowhere", .sysroot = "/nowhere" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cci_trace_t   *t;
    cci_profile_t *p;

    if (cci_trace_open_memory(&t, data, size) != CC_RESULT_OK)
        return 0;
    if (cci_profile_create(&p, t, NULL) == CC_RESULT_OK) {
        cci_report_t r = { .trace = t, .profile = p, .frames = cci_frames_create(t, &NOWHERE) };
        check(r.frames != NULL);
        export_all(&r);
        cci_frames_destroy(r.frames);
        cci_profile_destroy(p);
    }
    cci_trace_close(t);
    return 0;
}
