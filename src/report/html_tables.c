/* SPDX-License-Identifier: MIT */
/* html_tables.c - see report/html_tables.h. */
#include "report/html_tables.h"

#include <stdlib.h>
#include <string.h>
#include "report/json_parts.h"

/* ---- numbers ---- */

static bool number_of_text(cci_html_tables_t *t, const char *text, uint32_t *number)
{
    return cci_texts_number(&t->texts, text ? text : "", number);
}

static bool number_of_frame(cci_html_tables_t *t, const cci_frame_t *f, uint32_t *number)
{
    uint32_t function, file, module, place, code;

    if (!number_of_text(t, f->function, &function) || !number_of_text(t, f->file, &file) ||
        !number_of_text(t, f->module, &module))
        return false;
    const cci_pair_t at = { module, f->function ? 0 : f->offset };
    if (!cci_pairs_number(&t->places, (cci_pair_t){ function, file }, &place) ||
        !cci_pairs_number(&t->codes, at, &code))
        return false;
    const cci_pair_t frame = { (uint64_t)place << 32 | code, (uint64_t)f->line << 1 | f->inlined };
    return cci_pairs_number(&t->frames, frame, number);
}

/* Text 0 is the empty one, stack 0 is the root. */
bool cci_html_tables_begin(cci_html_tables_t *t)
{
    uint32_t zero;

    return number_of_text(t, NULL, &zero) &&
           cci_pairs_number(&t->stacks, (cci_pair_t){ 0, UINT64_MAX }, &zero);
}

/* A call and what is inlined there, which comes first, below the stack *number. */
static bool add_call(cci_html_tables_t *t, const cci_report_t *r, uint32_t node, uint32_t *number)
{
    cci_stack_t call;
    uint32_t    frame;

    if (!cci_frames_at(r->frames, node, &call))
        return false;
    for (size_t i = call.count; i > 0; i--) {
        if (!number_of_frame(t, &call.frame[i - 1], &frame) ||
            !cci_pairs_number(&t->stacks, (cci_pair_t){ *number, frame }, number))
            return false;
    }
    return true;
}

/* ---- stacks ---- */

static bool reserve(cci_html_stacks_t *s, size_t count)
{
    if (count <= s->count)
        return true;
    uint32_t *bigger = realloc(s->number, count * sizeof *bigger);
    if (!bigger)
        return false;
    memset(bigger + s->count, 0, (count - s->count) * sizeof *bigger);
    s->number = bigger;
    s->count  = count;
    return true;
}

bool cci_html_stack(cci_html_tables_t *t, cci_html_stacks_t *known, const cci_report_t *r,
                    uint32_t node, uint32_t *number)
{
    uint32_t path[CCI_STACK_MAX];
    size_t   n = 0;

    if (!reserve(known, cci_trace_node_count(r->trace)))
        return false;
    while (node != 0 && known->number[node] == 0 && n < CCI_STACK_MAX) {
        path[n++] = node;
        node      = cci_trace_node(r->trace, node)->parent;
    }
    *number = known->number[node];
    while (n > 0) {
        if (!add_call(t, r, path[--n], number))
            return false;
        known->number[path[n]] = *number;
    }
    return true;
}

void cci_html_tables_fini(cci_html_tables_t *t)
{
    cci_texts_fini(&t->texts);
    cci_pairs_fini(&t->places);
    cci_pairs_fini(&t->codes);
    cci_pairs_fini(&t->frames);
    cci_pairs_fini(&t->stacks);
}

void cci_html_stacks_fini(cci_html_stacks_t *s)
{
    free(s->number);
    *s = (cci_html_stacks_t){ 0 };
}

/* ---- columns ---- */

static void put_strings(cci_json_t *w, const cci_html_tables_t *t)
{
    cci_json_begin_array(w, "strings");
    for (size_t i = 0; i < t->texts.count; i++)
        cci_json_string(w, NULL, t->texts.item[i]);
    cci_json_end_array(w);
}

typedef uint64_t column_t(const cci_html_tables_t *t, size_t row);

static cci_pair_t place_of(const cci_html_tables_t *t, size_t frame)
{
    return t->places.item[t->frames.item[frame].first >> 32];
}

static cci_pair_t code_of(const cci_html_tables_t *t, size_t frame)
{
    return t->codes.item[(uint32_t)t->frames.item[frame].first];
}

static uint64_t function_of(const cci_html_tables_t *t, size_t frame)
{
    return place_of(t, frame).first;
}

static uint64_t file_of(const cci_html_tables_t *t, size_t frame)
{
    return place_of(t, frame).second;
}

static uint64_t line_of(const cci_html_tables_t *t, size_t frame)
{
    return t->frames.item[frame].second >> 1;
}

static uint64_t module_of(const cci_html_tables_t *t, size_t frame)
{
    return code_of(t, frame).first;
}

static uint64_t offset_of(const cci_html_tables_t *t, size_t frame)
{
    return code_of(t, frame).second;
}

static uint64_t is_inlined(const cci_html_tables_t *t, size_t frame)
{
    return t->frames.item[frame].second & 1;
}

static uint64_t parent_of(const cci_html_tables_t *t, size_t stack)
{
    return t->stacks.item[stack].first;
}

/* The root's means nothing, but is a frame. */
static uint64_t frame_of(const cci_html_tables_t *t, size_t stack)
{
    return stack == 0 ? 0 : t->stacks.item[stack].second;
}

static void put_column(cci_json_t *w, const char *name, const cci_html_tables_t *t,
                       column_t *column, size_t rows)
{
    cci_json_begin_array(w, name);
    for (size_t i = 0; i < rows; i++)
        cci_json_uint(w, NULL, column(t, i));
    cci_json_end_array(w);
}

void cci_html_put_tables(cci_json_t *w, const cci_html_tables_t *t)
{
    put_strings(w, t);
    cci_json_begin_object(w, "frames");
    put_column(w, "function", t, function_of, t->frames.count);
    put_column(w, "file", t, file_of, t->frames.count);
    put_column(w, "line", t, line_of, t->frames.count);
    put_column(w, "module", t, module_of, t->frames.count);
    put_column(w, "inlined", t, is_inlined, t->frames.count);
    put_column(w, "offset", t, offset_of, t->frames.count);
    cci_json_end_object(w);
    cci_json_begin_object(w, "stacks");
    put_column(w, "parent", t, parent_of, t->stacks.count);
    put_column(w, "frame", t, frame_of, t->stacks.count);
    cci_json_end_object(w);
}
