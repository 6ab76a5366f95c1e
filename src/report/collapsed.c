/* SPDX-License-Identifier: MIT */
/* collapsed.c - one line a site, "main;run;make_node 4096": the stack from the outermost frame on,
 * and what the site counts for (cci_report_t.value). Flame graph tools read it and add up equal
 * stacks themselves.
 *
 * They split a line at ';' and at the last blank before digits, some at the last but one, too,
 * where they expect two numbers. So in a name ';' becomes ':', what ends or breaks a line '_',
 * and a blank is one unless a digit follows.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "report/rank.h"
#include "report/report.h"
#include "report/utf8.h"

static char harmless(char c, char next)
{
    if (c == ';')
        return ':';
    if (iscntrl((unsigned char)c) || (c == ' ' && isdigit((unsigned char)next)))
        return '_';
    return c;
}

static void put_name(FILE *out, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n;) {
        cci_utf8_t c = cci_utf8_first(name + i, n - i);
        if (c.length == 1)
            putc(harmless(name[i], name[i + 1]), out);
        else
            fwrite(c.bytes, 1, c.length, out);
        i += c.used;
    }
}

static void put_stack(FILE *out, cci_stack_t stack)
{
    char room[CCI_FRAME_NAME_BYTES];

    if (stack.count == 0)
        fputs(CCI_NO_STACK, out);
    for (size_t i = stack.count; i > 0; i--) {
        put_name(out, cci_frame_name(&stack.frame[i - 1], room));
        if (i > 1)
            putc(';', out);
    }
}

static bool put_site(const cci_report_t *r, FILE *out, size_t site)
{
    uint64_t    value = cci_report_weight(r, r->value, site);
    cci_stack_t stack;

    if (value == 0)
        return true;
    if (!cci_frames_of(r->frames, r->profile->sites[site].stack, &stack))
        return false;
    put_stack(out, stack);
    fprintf(out, " %" PRIu64 "\n", value);
    return true;
}

bool cci_report_collapsed(const cci_report_t *r, FILE *out)
{
    bool *chosen = cci_rank_choose(r->profile, r->top);
    bool  done   = chosen != NULL;

    for (size_t i = 0; done && i < r->profile->site_count; i++)
        if (chosen[i])
            done = put_site(r, out, i);
    free(chosen);
    return done;
}
