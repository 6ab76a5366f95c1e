/* SPDX-License-Identifier: MIT */
/* text_stack.c - see report/text_stack.h. */
#include <string.h>
#include "report/text_stack.h"

enum {
    NAME_BYTES           = 512,
    FRAMES_SHOWN         = 20,
    FUNCTION_COLUMNS_MIN = 20,
    PLACE_COLUMNS_MIN    = 4,
    CALLER_COLUMNS_MIN   = 10
};

/* The last folder and the file: enough to find it, short enough to read. */
static const char *short_path(const char *path)
{
    const char *base = cci_base_name(path);

    for (const char *p = base - 1; p > path; p--)
        if (p[-1] == '/')
            return p;
    return base == path + 1 ? base : path;
}

/* "src/app.c:12", "libz.so.1" of a function without a line, "" where the name says it all. */
static void name_place(const cci_frame_t *f, char out[NAME_BYTES])
{
    out[0] = '\0';
    if (f->file && f->line)
        snprintf(out, NAME_BYTES, "%.400s:%u", short_path(f->file), f->line);
    else if (f->file)
        snprintf(out, NAME_BYTES, "%.400s", short_path(f->file));
    else if (f->function && f->module)
        snprintf(out, NAME_BYTES, "%.400s", cci_base_name(f->module));
}

/* ---- one line ---- */

static unsigned put_innermost(const cci_report_t *r, FILE *out, const cci_frame_t *f,
                              unsigned columns)
{
    char        room[CCI_FRAME_NAME_BYTES], place[NAME_BYTES];
    const char *name = cci_frame_name(f, room);

    name_place(f, place);
    unsigned used = cci_put_text(out, &r->style, name, columns);
    if (!place[0] || used + 3 + PLACE_COLUMNS_MIN > columns)
        return used;
    fputs(" (", out);
    used += 3 + cci_put_text(out, &r->style, place, columns - used - 3);
    putc(')', out);
    return used;
}

/* On one line an address says nothing beside names: the first frame with a name, 0 when none has. */
static size_t first_named(cci_stack_t stack)
{
    for (size_t i = 0; i < stack.count; i++)
        if (stack.frame[i].function)
            return i;
    return 0;
}

/* Callers of frame `of` as far as there is room, the last one cut. Inlined ones say less than those
 * around them, and so do those without a name beside one that has one. */
static void put_callers(const cci_report_t *r, FILE *out, cci_stack_t stack, size_t of,
                        unsigned columns)
{
    const bool  names = stack.frame[of].function != NULL;
    const char *arrow = r->style.unicode ? " ← " : " < ";
    char        room[CCI_FRAME_NAME_BYTES];

    fputs(cci_tone_on(&r->style, CCI_TONE_DIM), out);
    for (size_t i = of + 1; i < stack.count && columns >= 3 + CALLER_COLUMNS_MIN; i++) {
        if (stack.frame[i].inlined || (names && !stack.frame[i].function))
            continue;
        const char *name = cci_frame_name(&stack.frame[i], room);
        fputs(arrow, out);
        columns -= 3 + cci_put_text(out, &r->style, name, columns - 3);
    }
    fputs(cci_tone_off(&r->style), out);
}

bool cci_put_stack_line(const cci_report_t *r, FILE *out, uint32_t node, unsigned columns)
{
    cci_stack_t stack;

    if (!cci_frames_of(r->frames, node, &stack))
        return false;
    stack = cci_stack_trimmed(stack);
    if (stack.count == 0) {
        fputs("(no stack)", out);
        return true;
    }
    size_t   first = first_named(stack);
    unsigned used  = put_innermost(r, out, &stack.frame[first], columns);
    put_callers(r, out, stack, first, columns - used);
    return true;
}

/* ---- one line a frame ---- */

static void put_spaces(FILE *out, unsigned n)
{
    fprintf(out, "%*s", (int)n, "");
}

static void put_frame(const cci_report_t *r, FILE *out, const cci_frame_t *f, unsigned columns)
{
    char        room[CCI_FRAME_NAME_BYTES], place[NAME_BYTES];
    const char *name = cci_frame_name(f, room);

    name_place(f, place);
    unsigned for_place = cci_text_columns(place) + (f->inlined ? 9 : 0) + 2;
    unsigned for_function =
        columns > for_place + FUNCTION_COLUMNS_MIN ? columns - for_place : FUNCTION_COLUMNS_MIN;
    unsigned used = cci_put_text(out, &r->style, name, for_function);
    fputs(cci_tone_on(&r->style, CCI_TONE_DIM), out);
    if (place[0]) {
        put_spaces(out, used < 36 ? 38 - used : 2);
        cci_put_text(out, &r->style, place, columns);
    }
    fputs(f->inlined ? "  inlined" : "", out);
    fprintf(out, "%s\n", cci_tone_off(&r->style));
}

bool cci_put_stack_lines(const cci_report_t *r, FILE *out, uint32_t node, unsigned indent)
{
    unsigned    width = r->style.width ? r->style.width : CCI_WIDTH;
    cci_stack_t stack;

    if (!cci_frames_of(r->frames, node, &stack))
        return false;
    stack        = cci_stack_trimmed(stack);
    size_t shown = stack.count <= FRAMES_SHOWN ? stack.count : FRAMES_SHOWN - 1;
    for (size_t i = 0; i < shown; i++) {
        put_spaces(out, indent);
        put_frame(r, out, &stack.frame[i], width > indent ? width - indent : 1);
    }
    if (shown < stack.count)
        fprintf(out, "%*s%s further out\n", (int)indent, "",
                cci_figure_of(stack.count - shown, "frame").text);
    if (stack.count == 0)
        fprintf(out, "%*s(no stack)\n", (int)indent, "");
    return true;
}
