/* SPDX-License-Identifier: MIT */
/* pprof.c - profile.proto of pprof, packed by gzip.
 *
 * A sample is a site; sites of equal stacks are added up by the reader. What is written is written
 * once it is known, so memory grows with the numbers that are given out (texts, functions,
 * locations), not with the profile: the order of fields in a message is free.
 *
 * A location is the address of a call: the return address less 1, as the format has it. Where
 * nothing is known of an address there is a location without lines, which pprof may look up
 * itself, or shows as the module.
 * Source: github.com/google/pprof, proto/profile.proto.
 */
#include <stdlib.h>
#include <string.h>
#include <ccmem/version.h>
#include "report/gzip.h"
#include "report/numbers.h"
#include "report/protobuf.h"
#include "report/rank.h"
#include "report/report.h"

/* Fields of messages, by their names there. */
enum {
    PROFILE_SAMPLE_TYPE         = 1,
    PROFILE_SAMPLE              = 2,
    PROFILE_MAPPING             = 3,
    PROFILE_LOCATION            = 4,
    PROFILE_FUNCTION            = 5,
    PROFILE_STRING_TABLE        = 6,
    PROFILE_TIME_NANOS          = 9,
    PROFILE_DURATION_NANOS      = 10,
    PROFILE_PERIOD_TYPE         = 11,
    PROFILE_PERIOD              = 12,
    PROFILE_COMMENT             = 13,
    PROFILE_DEFAULT_SAMPLE_TYPE = 14,

    VALUE_TYPE_TYPE = 1,
    VALUE_TYPE_UNIT = 2,

    SAMPLE_LOCATION_ID = 1,
    SAMPLE_VALUE       = 2,
    SAMPLE_LABEL       = 3,

    LABEL_KEY      = 1,
    LABEL_NUM      = 3,
    LABEL_NUM_UNIT = 4,

    MAPPING_ID                = 1,
    MAPPING_MEMORY_START      = 2,
    MAPPING_MEMORY_LIMIT      = 3,
    MAPPING_FILENAME          = 5,
    MAPPING_BUILD_ID          = 6,
    MAPPING_HAS_FUNCTIONS     = 7,
    MAPPING_HAS_FILENAMES     = 8,
    MAPPING_HAS_LINE_NUMBERS  = 9,
    MAPPING_HAS_INLINE_FRAMES = 10,

    LOCATION_ID         = 1,
    LOCATION_MAPPING_ID = 2,
    LOCATION_ADDRESS    = 3,
    LOCATION_LINE       = 4,

    LINE_FUNCTION_ID = 1,
    LINE_LINE        = 2,

    FUNCTION_ID          = 1,
    FUNCTION_NAME        = 2,
    FUNCTION_SYSTEM_NAME = 3,
    FUNCTION_FILENAME    = 4,
};

/* The first four are those of every heap profile, in this order. */
static const struct {
    const char  *type, *unit;
    cci_amount_t value;
} VALUES[] = {
    { "alloc_objects", "count", CCI_AMOUNT_ALLOC_COUNT },
    { "alloc_space", "bytes", CCI_AMOUNT_ALLOC_BYTES },
    { "inuse_objects", "count", CCI_AMOUNT_LIVE_COUNT },
    { "inuse_space", "bytes", CCI_AMOUNT_LIVE_BYTES },
    { "peak_space", "bytes", CCI_AMOUNT_BYTES_AT_PEAK },
};

enum { VALUE_COUNT = sizeof VALUES / sizeof VALUES[0] };

#define DEFAULT_TYPE "inuse_space"

/* What is known of a module's addresses. */
typedef struct known {
    bool functions, files, lines, inlined;
} known_t;

typedef struct pprof {
    const cci_report_t *report;
    cci_gzip_t          gzip;
    cci_protobuf_t      top, message, part; /* of the profile, of one field of it, of one of that */
    cci_texts_t         texts;
    cci_pairs_t         functions; /* of numbers of texts: the name and the file */
    cci_pairs_t         locations; /* of a module and an offset */
    known_t            *known;     /* by module */
    uint64_t            stack[CCI_STACK_MAX];
    bool                failed; /* out of memory */
} pprof_t;

/* ---- parts ---- */

/* The profile is a message that is never whole in memory: its fields go out one by one. */
static void flush(pprof_t *w)
{
    cci_gzip_write(&w->gzip, w->top.bytes, w->top.count);
    cci_protobuf_clear(&w->top);
}

/* w->message as a field of the profile. */
static void put_message(pprof_t *w, unsigned field)
{
    cci_protobuf_message(&w->top, field, &w->message);
    cci_protobuf_clear(&w->message);
    flush(w);
}

/* w->part as a field of w->message. */
static void put_part(pprof_t *w, unsigned field)
{
    cci_protobuf_message(&w->message, field, &w->part);
    cci_protobuf_clear(&w->part);
}

/* Number 0 is the empty text. */
static uint32_t text_number(pprof_t *w, const char *text)
{
    uint32_t number = 0;

    if (!cci_texts_number(&w->texts, text, &number))
        w->failed = true;
    return number;
}

/* The format's integers are signed. */
static uint64_t as_signed(uint64_t value)
{
    return value < INT64_MAX ? value : INT64_MAX;
}

/* ---- functions and locations ---- */

static void put_function(pprof_t *w, uint64_t id, cci_pair_t name_and_file)
{
    cci_protobuf_uint(&w->message, FUNCTION_ID, id);
    cci_protobuf_uint(&w->message, FUNCTION_NAME, name_and_file.first);
    cci_protobuf_uint(&w->message, FUNCTION_SYSTEM_NAME, name_and_file.first);
    cci_protobuf_uint(&w->message, FUNCTION_FILENAME, name_and_file.second);
    put_message(w, PROFILE_FUNCTION);
}

static void put_functions(pprof_t *w)
{
    for (size_t i = 0; i < w->functions.count; i++)
        put_function(w, i + 1, w->functions.item[i]);
}

static uint64_t function_id(pprof_t *w, const cci_frame_t *f)
{
    char       room[CCI_FRAME_NAME_BYTES];
    cci_pair_t key    = { text_number(w, cci_frame_name(f, room)),
                          text_number(w, f->file ? f->file : "") };
    uint32_t   number = 0;

    if (!cci_pairs_number(&w->functions, key, &number))
        w->failed = true;
    return (uint64_t)number + 1;
}

static void put_line(pprof_t *w, const cci_frame_t *f)
{
    cci_protobuf_uint(&w->part, LINE_FUNCTION_ID, function_id(w, f));
    cci_protobuf_uint(&w->part, LINE_LINE, f->line);
    put_part(w, LOCATION_LINE);
}

static void note_known(known_t *k, const cci_frame_t *f)
{
    k->functions |= f->function != NULL;
    k->files |= f->file != NULL;
    k->lines |= f->line != 0;
    k->inlined |= f->inlined;
}

/* The lines of w->message, a location: innermost first, as frames come. */
static void put_lines(pprof_t *w, cci_stack_t frames, uint32_t module)
{
    for (size_t i = 0; i < frames.count; i++) {
        note_known(&w->known[module], &frames.frame[i]);
        if (frames.frame[i].function || frames.frame[i].file)
            put_line(w, &frames.frame[i]);
    }
}

static void put_location(pprof_t *w, uint64_t id, uint32_t node)
{
    const cci_stack_node_t *n = cci_trace_node(w->report->trace, node);
    uint64_t    bias          = n->module ? cci_trace_module(w->report->trace, n->module)->bias : 0;
    cci_stack_t frames;

    if (!cci_frames_at(w->report->frames, node, &frames)) {
        w->failed = true;
        return;
    }
    cci_protobuf_uint(&w->message, LOCATION_ID, id);
    cci_protobuf_uint(&w->message, LOCATION_MAPPING_ID, n->module);
    cci_protobuf_uint(&w->message, LOCATION_ADDRESS, bias + n->offset - 1);
    put_lines(w, frames, n->module);
    put_message(w, PROFILE_LOCATION);
}

/* For a stack that is not known: pprof leaves out samples that are nowhere. */
static void put_no_location(pprof_t *w, uint64_t id)
{
    const cci_frame_t unknown = { .function = CCI_NO_STACK };

    cci_protobuf_uint(&w->message, LOCATION_ID, id);
    put_line(w, &unknown);
    put_message(w, PROFILE_LOCATION);
}

/* Node 0, the root, has the location of no stack. */
static uint64_t location_id(pprof_t *w, uint32_t node)
{
    const cci_stack_node_t *n      = cci_trace_node(w->report->trace, node);
    cci_pair_t              key    = { node ? n->module : UINT64_MAX, node ? n->offset : 0 };
    size_t                  before = w->locations.count;
    uint32_t                number = 0;

    if (!cci_pairs_number(&w->locations, key, &number))
        w->failed = true;
    uint64_t id = (uint64_t)number + 1;
    if (w->locations.count > before && node)
        put_location(w, id, node);
    else if (w->locations.count > before)
        put_no_location(w, id);
    return id;
}

/* ---- samples ---- */

/* Into w->stack, innermost first; returns how many. */
static size_t collect_stack(pprof_t *w, uint32_t node)
{
    size_t n = 0;

    do {
        w->stack[n++] = location_id(w, node);
        node          = cci_trace_node(w->report->trace, node)->parent;
    } while (node != 0 && n < CCI_STACK_MAX);
    return n;
}

/* The mean size of its blocks, as heap profiles have it. */
static void put_size_label(pprof_t *w, const cci_site_t *s)
{
    if (s->tally.alloc_count == 0)
        return;
    uint32_t bytes = text_number(w, "bytes");
    cci_protobuf_uint(&w->part, LABEL_KEY, bytes);
    cci_protobuf_uint(&w->part, LABEL_NUM, as_signed(s->tally.alloc_bytes / s->tally.alloc_count));
    cci_protobuf_uint(&w->part, LABEL_NUM_UNIT, bytes);
    put_part(w, SAMPLE_LABEL);
}

static void put_sample(pprof_t *w, size_t site)
{
    const cci_site_t *s = &w->report->profile->sites[site];
    uint64_t          value[VALUE_COUNT], any = 0;

    for (size_t i = 0; i < VALUE_COUNT; i++)
        any |= value[i] = as_signed(cci_report_weight(w->report, VALUES[i].value, site));
    if (any == 0)
        return;
    size_t depth = collect_stack(w, s->stack); /* writes messages of its own */
    cci_protobuf_packed(&w->message, SAMPLE_LOCATION_ID, w->stack, depth);
    cci_protobuf_packed(&w->message, SAMPLE_VALUE, value, VALUE_COUNT);
    put_size_label(w, s);
    put_message(w, PROFILE_SAMPLE);
}

static void put_samples(pprof_t *w, const bool *chosen)
{
    for (size_t i = 0; i < w->report->profile->site_count && !w->failed; i++)
        if (chosen[i])
            put_sample(w, i);
}

/* ---- mappings ---- */

static uint32_t build_id_number(pprof_t *w, const cci_trace_module_t *m)
{
    char   hex[2 * 64 + 1] = "";
    size_t n               = m->build_id_len < 64 ? m->build_id_len : 64;

    for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", m->build_id[i]);
    return text_number(w, hex);
}

static void put_mapping(pprof_t *w, uint32_t module)
{
    const cci_trace_module_t *m = cci_trace_module(w->report->trace, module);
    const known_t            *k = &w->known[module];

    cci_protobuf_uint(&w->message, MAPPING_ID, module);
    cci_protobuf_uint(&w->message, MAPPING_MEMORY_START, m->start);
    cci_protobuf_uint(&w->message, MAPPING_MEMORY_LIMIT, m->end);
    cci_protobuf_uint(&w->message, MAPPING_FILENAME, text_number(w, m->path));
    cci_protobuf_uint(&w->message, MAPPING_BUILD_ID, build_id_number(w, m));
    cci_protobuf_uint(&w->message, MAPPING_HAS_FUNCTIONS, k->functions);
    cci_protobuf_uint(&w->message, MAPPING_HAS_FILENAMES, k->files);
    cci_protobuf_uint(&w->message, MAPPING_HAS_LINE_NUMBERS, k->lines);
    cci_protobuf_uint(&w->message, MAPPING_HAS_INLINE_FRAMES, k->inlined);
    put_message(w, PROFILE_MAPPING);
}

static bool is_program(const cci_trace_t *t, uint32_t module)
{
    const char *exe = cci_trace_meta(t, "exe", NULL);

    return exe && strcmp(cci_trace_module(t, module)->path, exe) == 0;
}

/* The first mapping is taken for the program's. */
static void put_mappings(pprof_t *w)
{
    const cci_trace_t *t = w->report->trace;
    uint32_t           n = cci_trace_module_count(t);

    for (uint32_t i = 1; i < n; i++)
        if (is_program(t, i))
            put_mapping(w, i);
    for (uint32_t i = 1; i < n; i++)
        if (!is_program(t, i))
            put_mapping(w, i);
}

/* ---- the profile ---- */

/* Into w->message. */
static void set_value_type(pprof_t *w, const char *type, const char *unit)
{
    cci_protobuf_uint(&w->message, VALUE_TYPE_TYPE, text_number(w, type));
    cci_protobuf_uint(&w->message, VALUE_TYPE_UNIT, text_number(w, unit));
}

static void put_types(pprof_t *w)
{
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        set_value_type(w, VALUES[i].type, VALUES[i].unit);
        put_message(w, PROFILE_SAMPLE_TYPE);
    }
    cci_protobuf_uint(&w->top, PROFILE_DEFAULT_SAMPLE_TYPE, text_number(w, DEFAULT_TYPE));
}

static void put_times(pprof_t *w)
{
    const cci_profile_t    *p    = w->report->profile;
    const cci_trace_info_t *info = cci_trace_info(w->report->trace);

    cci_protobuf_uint(&w->top, PROFILE_TIME_NANOS, info->start_real_ns + p->from_ns);
    cci_protobuf_uint(&w->top, PROFILE_DURATION_NANOS, p->to_ns - p->from_ns);
    if (!p->estimated)
        return;
    set_value_type(w, "space", "bytes");
    put_message(w, PROFILE_PERIOD_TYPE);
    cci_protobuf_uint(&w->top, PROFILE_PERIOD, as_signed(info->sample_interval));
}

static void put_comment(pprof_t *w, const char *text)
{
    uint64_t number = text_number(w, text);

    cci_protobuf_packed(&w->top, PROFILE_COMMENT, &number, 1);
}

static void put_comments(pprof_t *w)
{
    const cci_profile_t *p       = w->report->profile;
    char                *command = cci_command_line(w->report->trace);
    char                 mode[64];

    if (!command) {
        w->failed = true;
        return;
    }
    snprintf(mode, sizeof mode, "recorded with --mode %s", cci_mode_name(p->mode));
    put_comment(w, "ccmem " CC_VERSION);
    put_comment(w, command);
    put_comment(w, mode);
    if (p->estimated)
        put_comment(w, "all values are estimates");
    if (p->lossy)
        put_comment(w, "events were lost: the values are of the rest");
    free(command);
}

static void put_texts(pprof_t *w)
{
    for (size_t i = 0; i < w->texts.count; i++) {
        cci_protobuf_text(&w->top, PROFILE_STRING_TABLE, w->texts.item[i]);
        flush(w);
    }
}

static void put_profile(pprof_t *w, const bool *chosen)
{
    text_number(w, ""); /* must be the first */
    put_types(w);
    put_times(w);
    put_comments(w);
    put_samples(w, chosen);
    put_functions(w);
    put_mappings(w);
    put_texts(w);
}

static void release(pprof_t *w)
{
    cci_protobuf_fini(&w->top);
    cci_protobuf_fini(&w->message);
    cci_protobuf_fini(&w->part);
    cci_texts_fini(&w->texts);
    cci_pairs_fini(&w->functions);
    cci_pairs_fini(&w->locations);
    free(w->known);
    free(w);
}

static bool write_profile(pprof_t *w, const bool *chosen, FILE *out)
{
    w->known = calloc(cci_trace_module_count(w->report->trace) + 1, sizeof *w->known);
    if (!w->known || !cci_gzip_begin(&w->gzip, out))
        return false;
    put_profile(w, chosen);
    cci_gzip_end(&w->gzip);
    return !w->failed && !w->top.failed;
}

bool cci_report_pprof(const cci_report_t *r, FILE *out)
{
    bool    *chosen = cci_rank_choose(r->profile, r->top);
    pprof_t *w      = calloc(1, sizeof *w);
    bool     done   = false;

    if (chosen && w) {
        w->report = r;
        done      = write_profile(w, chosen, out);
    }
    if (w)
        release(w);
    free(chosen);
    return done;
}
