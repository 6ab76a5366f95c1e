/* SPDX-License-Identifier: MIT */
/* suppress.c - see report/suppress.h. */
#include "report/suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { LINE_MAX_BYTES = 1000, FILE_MAX_BYTES = 1 << 20 };

#define CALLED_BY " < "

typedef struct cci_suppression {
    char *pattern;
    bool  caller; /* of the innermost calls only */
} cci_suppression_t;

/* What a program that does nothing at all leaves behind. The first two are all that the loader asks
 * malloc for, whoever made it do so: tables of threads and libraries. It also starts constructors,
 * as an outer frame, hence the caller alone. */
static const char DEFAULTS[] = "caller:/ld-linux\n"
                               "caller:/ld-musl\n"
                               "caller:/libstdc++.so < /ld-linux\n" /* memory for exceptions */
                               "caller:^_IO_*doallocate$\n"
                               "leak:^setlocale$\n"
                               "leak:^bindtextdomain$\n"
                               "leak:^textdomain$\n";

/* ---- patterns ---- */

/* Where a name may go on with any characters, the pattern after the latest star is tried from each
 * of them on: an earlier star need never be tried again. */
static bool matches(const char *pattern, const char *end, const char *name, bool from_start,
                    bool to_end)
{
    const char *star = from_start ? NULL : pattern, *retry = name;

    for (;;) {
        if (pattern == end && (!to_end || *name == '\0'))
            return true;
        if (pattern != end && *pattern == '*') {
            star  = ++pattern;
            retry = name;
        } else if (pattern != end && *name != '\0' && *pattern == *name) {
            pattern++;
            name++;
        } else if (star && *retry != '\0') {
            pattern = star;
            name    = ++retry;
        } else {
            return false;
        }
    }
}

bool cci_pattern_matches(const char *pattern, size_t n, const char *name)
{
    const bool  from_start = n > 0 && *pattern == '^';
    const char *begin = pattern + from_start, *end = pattern + n;
    const bool  to_end = end != begin && end[-1] == '$';

    return matches(begin, end - to_end, name, from_start, to_end);
}

/* ---- reading ---- */

void cci_suppressions_fini(cci_suppressions_t *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->item[i].pattern);
    free(s->item);
    *s = (cci_suppressions_t){ 0 };
}

static cc_result_t add(cci_suppressions_t *s, const char *pattern, size_t n, bool caller)
{
    cci_suppression_t *item = cci_array_room(s->item, s->count, &s->capacity, sizeof *item);
    char              *copy = strndup(pattern, n);

    if (item)
        s->item = item;
    if (!item || !copy) {
        free(copy);
        return CC_RESULT_NO_MEMORY;
    }
    s->item[s->count++] = (cci_suppression_t){ copy, caller };
    return CC_RESULT_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Without blanks around it. */
static size_t trim(const char **line, size_t n)
{
    for (; n > 0 && is_blank(**line); n--)
        ++*line;
    while (n > 0 && is_blank((*line)[n - 1]))
        n--;
    return n;
}

/* "leak:PATTERN": the pattern's length, 0: not of this kind, or empty. */
static size_t pattern_of(const char *line, size_t n, const char *kind, const char **pattern)
{
    size_t length = strlen(kind);

    if (n <= length || memcmp(line, kind, length) != 0)
        return 0;
    *pattern = line + length;
    return n - length;
}

static cc_result_t add_line(cci_suppressions_t *s, const char *line, size_t n, const char **why)
{
    const char *pattern = NULL;
    size_t      length;

    n = trim(&line, n);
    if (n == 0 || *line == '#')
        return CC_RESULT_OK;
    *why = n > LINE_MAX_BYTES ? "is too long" : "has a byte 0";
    if (n > LINE_MAX_BYTES || memchr(line, '\0', n))
        return CC_RESULT_DAMAGED;
    if ((length = pattern_of(line, n, "leak:", &pattern)) > 0)
        return add(s, pattern, length, false);
    if ((length = pattern_of(line, n, "caller:", &pattern)) > 0)
        return add(s, pattern, length, true);
    *why = "is neither leak:PATTERN nor caller:PATTERN";
    return CC_RESULT_DAMAGED;
}

cc_result_t cci_suppressions_add_text(cci_suppressions_t *s, const char *text, size_t n,
                                      size_t *line, const char **why)
{
    cc_result_t r = CC_RESULT_OK;

    for (*line = 1; r == CC_RESULT_OK && n > 0; ++*line) {
        const char *end    = memchr(text, '\n', n);
        size_t      length = end ? (size_t)(end - text) : n;
        r                  = add_line(s, text, length, why);
        if (r != CC_RESULT_OK)
            return r;
        length += end != NULL;
        text += length;
        n -= length;
    }
    return r;
}

cc_result_t cci_suppressions_add_defaults(cci_suppressions_t *s)
{
    size_t      line;
    const char *why;

    return cci_suppressions_add_text(s, DEFAULTS, strlen(DEFAULTS), &line, &why);
}

static cc_result_t fail_by_errno(const char **why)
{
    int error = errno;

    *why = strerror(error);
    return error == ENOENT || error == ENOTDIR ? CC_RESULT_NOT_FOUND
           : error == EACCES                   ? CC_RESULT_DENIED
                                               : CC_RESULT_IO;
}

cc_result_t cci_suppressions_add_file(cci_suppressions_t *s, const char *path, size_t *line,
                                      const char **why)
{
    FILE       *in   = fopen(path, "re");
    char       *text = malloc(FILE_MAX_BYTES + 1);
    cc_result_t r    = text ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;

    *line = 0;
    if (!in)
        r = fail_by_errno(why);
    size_t n = in && text ? fread(text, 1, FILE_MAX_BYTES + 1, in) : 0;
    if (r == CC_RESULT_OK && ferror(in)) {
        r = fail_by_errno(why);
    } else if (r == CC_RESULT_OK && n > FILE_MAX_BYTES) {
        *why = "is too large";
        r    = CC_RESULT_DAMAGED;
    } else if (r == CC_RESULT_OK) {
        r = cci_suppressions_add_text(s, text, n, line, why);
    }
    if (in)
        fclose(in);
    free(text);
    return r;
}

/* ---- applying ---- */

static bool matches_frame(const char *pattern, size_t n, const cci_frame_t *f)
{
    return (f->function && cci_pattern_matches(pattern, n, f->function)) ||
           (f->file && cci_pattern_matches(pattern, n, f->file)) ||
           (f->module && cci_pattern_matches(pattern, n, f->module));
}

/* Does the call at *at, with what was inlined into it, match? *at moves on to its caller. */
static bool matches_call(const char *pattern, size_t n, const cci_stack_t *stack, size_t *at)
{
    bool found = false, inlined = true;

    while (inlined && *at < stack->count) {
        const cci_frame_t *f = &stack->frame[(*at)++];
        found                = found || matches_frame(pattern, n, f);
        inlined              = f->inlined;
    }
    return found;
}

/* The innermost call, and as many of its callers as there are more patterns. */
static bool matches_callers(const char *patterns, const cci_stack_t *stack)
{
    size_t at = 0;

    for (;;) {
        const char *end = strstr(patterns, CALLED_BY);
        size_t      n   = end ? (size_t)(end - patterns) : strlen(patterns);
        if (!matches_call(patterns, n, stack, &at))
            return false;
        if (!end)
            return true;
        patterns = end + strlen(CALLED_BY);
    }
}

static bool matches_stack(const cci_suppression_t *s, const cci_stack_t *stack)
{
    if (s->caller)
        return matches_callers(s->pattern, stack);
    for (size_t i = 0; i < stack->count; i++)
        if (matches_frame(s->pattern, strlen(s->pattern), &stack->frame[i]))
            return true;
    return false;
}

/* The first that matches. */
static const char *pattern_for(const cci_suppressions_t *s, const cci_stack_t *stack)
{
    for (size_t i = 0; i < s->count; i++)
        if (matches_stack(&s->item[i], stack))
            return s->item[i].pattern;
    return NULL;
}

static double shift(double bound, double by)
{
    return bound > by ? bound - by : 0;
}

static uint64_t less(uint64_t all, uint64_t part)
{
    return all > part ? all - part : 0; /* estimates need not add up */
}

static void take_out(cci_profile_t *p, cci_site_t *site, const char *pattern)
{
    cci_interval_t *ci = &p->ci.leaked_bytes;

    site->suppressed       = pattern;
    site->suppressed_count = site->leaked_count;
    site->suppressed_bytes = site->leaked_bytes;
    p->suppressed_count += site->leaked_count;
    p->suppressed_bytes += site->leaked_bytes;
    p->leaked_count    = less(p->leaked_count, site->leaked_count);
    p->leaked_bytes    = less(p->leaked_bytes, site->leaked_bytes);
    *ci                = (cci_interval_t){ shift(ci->lo, (double)site->leaked_bytes),
                                           shift(ci->hi, (double)site->leaked_bytes) };
    site->leaked_count = site->leaked_bytes = 0;
}

/* The blocks that are listed one by one. */
static void filter_list(cci_profile_t *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->leak_listed; i++)
        if (!p->sites[p->leaks[i].site].suppressed)
            p->leaks[kept++] = p->leaks[i];
    p->leak_listed = kept;
}

cc_result_t cci_suppressions_apply(const cci_suppressions_t *s, cci_profile_t *p,
                                   cci_frames_t *frames)
{
    cci_stack_t stack;

    for (size_t i = 0; s->count && i < p->site_count; i++) {
        if (p->sites[i].leaked_count == 0)
            continue;
        if (!cci_frames_of(frames, p->sites[i].stack, &stack))
            return CC_RESULT_NO_MEMORY;
        const char *pattern = pattern_for(s, &stack);
        if (pattern)
            take_out(p, &p->sites[i], pattern);
    }
    filter_list(p);
    return CC_RESULT_OK;
}
