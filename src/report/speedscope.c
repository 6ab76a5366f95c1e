/* SPDX-License-Identifier: MIT */
/* speedscope.c - the file format of speedscope: what was allocated, what was held at the peak and
 * what was not freed, each as a profile of stacks weighed with bytes.
 *
 * A frame is a function of a file, without the line of the call: the viewer takes frames for the
 * same function when they are one frame, and would otherwise show it once a call.
 *
 * Sites are gone through once for the stacks and once for the weights of each profile rather than
 * kept; and the frames stand behind the profiles, when all are known.
 * Source: speedscope's file-format-schema.json.
 */
#include <stdlib.h>
#include <ccmem/version.h>
#include "report/json_writer.h"
#include "report/numbers.h"
#include "report/rank.h"
#include "report/report.h"

static const struct {
    cci_amount_t value;
    const char  *name;
} PROFILES[] = {
    { CCI_AMOUNT_ALLOC_BYTES, "allocated" },
    { CCI_AMOUNT_BYTES_AT_PEAK, "held at the peak" },
    { CCI_AMOUNT_LEAKED_BYTES, "not freed" },
};

enum { PROFILE_COUNT = sizeof PROFILES / sizeof PROFILES[0], SHOWN_FIRST = 1 };

typedef struct speedscope {
    cci_json_t          json;
    const cci_report_t *report;
    const bool         *chosen;
    cci_texts_t         texts;
    cci_pairs_t         frames; /* of numbers of texts: the name and the file */
} speedscope_t;

/* The module stands in for a file that is not known. */
static bool number_frame(speedscope_t *s, const cci_frame_t *f, uint32_t *number)
{
    const char *file = f->file ? f->file : f->module ? f->module : "";
    char        room[CCI_FRAME_NAME_BYTES];
    uint32_t    name_number, file_number;

    return cci_texts_number(&s->texts, cci_frame_name(f, room), &name_number) &&
           cci_texts_number(&s->texts, file, &file_number) &&
           cci_pairs_number(&s->frames, (cci_pair_t){ name_number, file_number }, number);
}

static bool put_frame(speedscope_t *s, const cci_frame_t *f)
{
    uint32_t number;

    if (!number_frame(s, f, &number))
        return false;
    cci_json_uint(&s->json, NULL, number);
    return true;
}

static bool put_stack(speedscope_t *s, uint32_t node)
{
    const cci_frame_t unknown = { .function = CCI_NO_STACK };
    cci_stack_t       stack;
    bool              done;

    if (!cci_frames_of(s->report->frames, node, &stack))
        return false;
    if (stack.count == 0)
        stack = (cci_stack_t){ &unknown, 1 };
    cci_json_begin_array(&s->json, NULL);
    done = true;
    for (size_t i = stack.count; done && i > 0; i--)
        done = put_frame(s, &stack.frame[i - 1]);
    cci_json_end_array(&s->json);
    return done;
}

/* The site's weight in a profile, 0 when it is not shown. */
static uint64_t weight_of(const speedscope_t *s, size_t site, cci_amount_t value)
{
    return s->chosen[site] ? cci_report_weight(s->report, value, site) : 0;
}

static bool put_stacks(speedscope_t *s, cci_amount_t value)
{
    const cci_profile_t *p    = s->report->profile;
    bool                 done = true;

    cci_json_begin_array(&s->json, "samples");
    for (size_t i = 0; done && i < p->site_count; i++)
        if (weight_of(s, i, value) > 0)
            done = put_stack(s, p->sites[i].stack);
    cci_json_end_array(&s->json);
    return done;
}

/* Returns their sum. */
static uint64_t put_weights(speedscope_t *s, cci_amount_t value)
{
    uint64_t sum = 0;

    cci_json_begin_array(&s->json, "weights");
    for (size_t i = 0; i < s->report->profile->site_count; i++) {
        uint64_t weight = weight_of(s, i, value);
        if (weight > 0)
            cci_json_uint(&s->json, NULL, weight);
        sum += weight;
    }
    cci_json_end_array(&s->json);
    return sum;
}

static bool put_profile(speedscope_t *s, size_t i)
{
    cci_json_begin_object(&s->json, NULL);
    cci_json_string(&s->json, "type", "sampled");
    cci_json_string(&s->json, "name", PROFILES[i].name);
    cci_json_string(&s->json, "unit", "bytes");
    bool     done = put_stacks(s, PROFILES[i].value);
    uint64_t sum  = put_weights(s, PROFILES[i].value);
    cci_json_uint(&s->json, "startValue", 0);
    cci_json_uint(&s->json, "endValue", sum);
    cci_json_end_object(&s->json);
    return done;
}

static void put_shared(speedscope_t *s)
{
    cci_json_begin_object(&s->json, "shared");
    cci_json_begin_array(&s->json, "frames");
    for (size_t i = 0; i < s->frames.count; i++) {
        const char *name = s->texts.item[s->frames.item[i].first];
        const char *file = s->texts.item[s->frames.item[i].second];
        cci_json_begin_object(&s->json, NULL);
        cci_json_string(&s->json, "name", name);
        if (*file)
            cci_json_string(&s->json, "file", file);
        cci_json_end_object(&s->json);
    }
    cci_json_end_array(&s->json);
    cci_json_end_object(&s->json);
}

static bool put_name(speedscope_t *s)
{
    char *command = cci_command_line(s->report->trace);

    if (command)
        cci_json_string(&s->json, "name", command);
    free(command);
    return command != NULL;
}

static bool put_file(speedscope_t *s)
{
    cci_json_begin_object(&s->json, NULL);
    cci_json_string(&s->json, "$schema", "https://www.speedscope.app/file-format-schema.json");
    cci_json_string(&s->json, "exporter", "ccmem@" CC_VERSION);
    bool done = put_name(s);
    cci_json_uint(&s->json, "activeProfileIndex", SHOWN_FIRST);
    cci_json_begin_array(&s->json, "profiles");
    for (size_t i = 0; done && i < PROFILE_COUNT; i++)
        done = put_profile(s, i);
    cci_json_end_array(&s->json);
    put_shared(s);
    cci_json_end_object(&s->json);
    return done;
}

bool cci_report_speedscope(const cci_report_t *r, FILE *out)
{
    bool        *chosen = cci_rank_choose(r->profile, r->top);
    speedscope_t s      = { .json = { .out = out }, .report = r, .chosen = chosen };
    bool         done   = chosen && put_file(&s);

    cci_pairs_fini(&s.frames);
    cci_texts_fini(&s.texts);
    free(chosen);
    return done;
}
