/* SPDX-License-Identifier: MIT */
/* info_write.c - the forms of `ccmem info`: JSON for programs, text for people, a line for both. */
#include <inttypes.h>
#include "info.h"
#include "report/json_writer.h"

/* ---- JSON ---- */

/* What is "" is not known: null. */
static void put_string(cci_json_t *w, const char *name, const char *value)
{
    cci_json_string(w, name, *value ? value : NULL);
}

/* What is 0 is not known: null. */
static void put_uint(cci_json_t *w, const char *name, uint64_t value)
{
    if (value)
        cci_json_uint(w, name, value);
    else
        cci_json_null(w, name);
}

static void json_allocator(cci_json_t *w, const cc_allocator_info_t *a)
{
    cci_json_begin_object(w, "allocator");
    put_string(w, "requested", a->requested);
    put_string(w, "claimed", a->claimed);
    put_string(w, "serving", a->serving);
    put_string(w, "version", a->version);
    cci_json_bool(w, "verified", a->verified);
    put_string(w, "method", a->method);
    put_string(w, "reason", a->reason);
    cci_json_end_object(w);
}

static void json_backends(cci_json_t *w, const cci_info_t *info)
{
    cci_json_begin_object(w, "backend");
    cci_json_string(w, "name", info->backend);
    put_string(w, "reason", info->backend_reason);
    cci_json_end_object(w);
    cci_json_begin_array(w, "backends");
    for (size_t i = 0; i < info->backend_count; i++) {
        const cci_info_backend_t *b = &info->backends[i];
        cci_json_begin_object(w, NULL);
        cci_json_string(w, "name", b->name);
        cci_json_bool(w, "available", b->available);
        cci_json_bool(w, "cc_alloc", b->cc_alloc);
        put_string(w, "version", b->version);
        put_string(w, "path", b->path);
        put_string(w, "reason", b->reason);
        cci_json_end_object(w);
    }
    cci_json_end_array(w);
}

static void json_policy(cci_json_t *w, const cci_info_t *info)
{
    cci_json_begin_object(w, "policy");
    cci_json_string(w, "platform", info->platform);
    cci_json_string(w, "default", info->policy);
    cci_json_end_object(w);
}

static void json_system(cci_json_t *w, const cc_system_info_t *s)
{
    cci_json_begin_object(w, "system");
    put_uint(w, "cpu_count", s->cpu_count);
    put_uint(w, "cache_line", s->cache_line);
    put_uint(w, "page_size", s->page_size);
    put_string(w, "thp", s->thp);
    put_uint(w, "memory_total_bytes", s->memory_total_bytes);
    put_uint(w, "memory_available_bytes", s->memory_available_bytes);
    put_string(w, "ccmem_version", s->ccmem_version);
    put_string(w, "build_type", s->build_type);
    cci_json_end_object(w);
}

void cci_info_json(const cci_info_t *info, FILE *out)
{
    cci_json_t w = { .out = out };

    cci_json_begin_object(&w, NULL);
    cci_json_string(&w, "schema", "ccmem-info/1");
    json_allocator(&w, &info->allocator);
    json_backends(&w, info);
    json_policy(&w, info);
    json_system(&w, &info->system);
    cci_json_end_object(&w);
}

/* ---- text ---- */

/* Reasons and paths are not cut: they are to be copied. */
enum { TEXT_COLUMNS = 4096 };

typedef struct text {
    FILE              *out;
    const cci_style_t *style;
} text_t;

static void put_heading(const text_t *t, const char *heading)
{
    fprintf(t->out, "%s%s%s\n", cci_tone_on(t->style, CCI_TONE_HEADING), heading,
            cci_tone_off(t->style));
}

static void put_words(const text_t *t, const char *words)
{
    cci_put_text(t->out, t->style, *words ? words : "-", TEXT_COLUMNS);
}

static void put_row(const text_t *t, const char *label, const char *words)
{
    fprintf(t->out, "  %-16s ", label);
    put_words(t, words);
    putc('\n', t->out);
}

static void put_verified(const text_t *t, const cc_allocator_info_t *a)
{
    fprintf(t->out, "  %-16s ", "Verified");
    if (a->verified)
        fputs("yes", t->out);
    else
        fprintf(t->out, "%sno%s", cci_tone_on(t->style, CCI_TONE_WARNING), cci_tone_off(t->style));
    fprintf(t->out, "%s%s\n", *a->method ? ", by " : "", a->method);
}

static void text_allocator(const text_t *t, const cc_allocator_info_t *a)
{
    put_heading(t, "Allocator of this process");
    if (*a->requested)
        put_row(t, "Requested", a->requested);
    put_row(t, "Serving", a->serving);
    put_row(t, "Version", a->version);
    put_verified(t, a);
    put_row(t, "malloc is in", a->claimed);
    put_row(t, "Reason", a->reason);
}

static void text_backend(const text_t *t, const cci_info_t *info)
{
    put_heading(t, "\nUnder cc_alloc");
    put_row(t, "Backend", info->backend);
    put_row(t, "Reason", info->backend_reason);
}

static const char *yes_or_no(bool b)
{
    return b ? "yes" : "no";
}

/* The reason stands below the file that it is about. */
static void put_backend(const text_t *t, const cci_info_backend_t *b)
{
    fprintf(t->out, "  %-16s %-5s %-9s ", b->name, yes_or_no(b->available), yes_or_no(b->cc_alloc));
    put_words(t, b->version);
    fputs("  ", t->out);
    put_words(t, b->path);
    putc('\n', t->out);
    if (*b->reason) {
        fprintf(t->out, "  %-32s ", "");
        put_words(t, b->reason);
        putc('\n', t->out);
    }
}

static void text_backends(const text_t *t, const cci_info_t *info)
{
    put_heading(t, "\nAllocators");
    fprintf(t->out, "  %s%-16s %-5s %-9s %s%s\n", cci_tone_on(t->style, CCI_TONE_DIM), "name",
            "run", "cc_alloc", "version  file", cci_tone_off(t->style));
    for (size_t i = 0; i < info->backend_count; i++)
        put_backend(t, &info->backends[i]);
    fprintf(t->out, "  %-16s %s on %s\n", "Policy", info->policy, info->platform);
}

/* A figure of 0 is not known. */
static void put_figure(const text_t *t, const char *label, uint64_t n, cci_figure_t figure)
{
    put_row(t, label, n ? figure.text : "");
}

static void text_system(const text_t *t, const cc_system_info_t *s)
{
    put_heading(t, "\nSystem");
    put_figure(t, "Processors", s->cpu_count, cci_figure_count(s->cpu_count));
    put_figure(t, "Cache line", s->cache_line, cci_figure_bytes(s->cache_line));
    put_figure(t, "Page", s->page_size, cci_figure_bytes(s->page_size));
    put_row(t, "Huge pages", s->thp);
    put_figure(t, "Memory", s->memory_total_bytes, cci_figure_bytes(s->memory_total_bytes));
    put_figure(t, "Available", s->memory_available_bytes,
               cci_figure_bytes(s->memory_available_bytes));
    put_row(t, "ccmem", s->ccmem_version);
    put_row(t, "Build", s->build_type);
}

void cci_info_text(const cci_info_t *info, const cci_style_t *style, FILE *out)
{
    const text_t t = { .out = out, .style = style };

    text_allocator(&t, &info->allocator);
    text_backend(&t, info);
    text_backends(&t, info);
    text_system(&t, &info->system);
}

/* ---- one line ---- */

void cci_info_line(const cc_allocator_info_t *a, FILE *out)
{
    const cci_style_t plain = { 0 };
    const text_t      t     = { .out = out, .style = &plain };

    fprintf(out, "%s\t", a->serving);
    put_words(&t, a->version);
    putc('\t', out);
    put_words(&t, a->claimed);
    putc('\n', out);
}
