/* SPDX-License-Identifier: MIT */
/* places.c - see report/places.h.
 *
 * Two passes over the stacks: the first finds which modules have names in which run, the second
 * makes of each stack one text, a line a frame, whose number is that of the place.
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "report/numbers.h"
#include "report/places.h"

enum { MODULE_NAME_BYTES = 256, FRAME_BYTES = MODULE_NAME_BYTES + 24, NAME_BYTES = 4200 };

/* A module as both runs call it. */
typedef struct module {
    bool           seen[CCI_SIDES];  /* in a stack                        */
    bool           named[CCI_SIDES]; /* in a stack, with a function       */
    bool           one_build;        /* every file of that name is this one */
    bool           blurred;
    const uint8_t *build_id; /* NULL = none yet */
    size_t         build_id_len;
} module_t;

struct cci_places {
    const cci_report_t *report[CCI_SIDES];
    cci_texts_t         keys; /* of the places */
    uint32_t           *place[CCI_SIDES];
    cci_texts_t         module_names;
    module_t           *module; /* by the number of its name */
    size_t              module_capacity;
    char               *key; /* of the stack at hand */
    size_t              key_length, key_capacity;
};

/* ---- modules ---- */

static bool is_program(const cci_report_t *r, const char *path)
{
    const char *exe = cci_trace_meta(r->trace, "exe", NULL);
    return exe && strcmp(exe, path) == 0;
}

/* "libz.so": without folder and version. The program is called so whatever its file's name. */
static void name_module(const cci_report_t *r, const char *path, char out[MODULE_NAME_BYTES])
{
    const char *base = cci_base_name(path);
    const char *so   = strstr(base, ".so.");

    if (is_program(r, path))
        snprintf(out, MODULE_NAME_BYTES, "program");
    else
        snprintf(out, MODULE_NAME_BYTES, "%.*s", so ? (int)(so + 3 - base) : 200, base);
}

/* The module of that name, made if need be; NULL: out of memory. */
static module_t *module_of(cci_places_t *p, const cci_report_t *r, const char *path)
{
    char     name[MODULE_NAME_BYTES];
    uint32_t number;
    size_t   known = p->module_names.count;

    name_module(r, path, name);
    module_t *room = cci_array_room(p->module, known, &p->module_capacity, sizeof *room);
    if (!room)
        return NULL;
    p->module = room;
    if (!cci_texts_number(&p->module_names, name, &number))
        return NULL;
    if (number == known)
        p->module[number] = (module_t){ .one_build = true };
    return &p->module[number];
}

static bool same_build(const module_t *m, const cci_trace_module_t *t)
{
    return m->build_id_len == t->build_id_len &&
           memcmp(m->build_id, t->build_id, t->build_id_len) == 0;
}

/* A file without a build-id may be any. */
static void note_build(module_t *m, const cci_trace_module_t *t)
{
    if (t->build_id_len == 0 || (m->build_id && !same_build(m, t)))
        m->one_build = false;
    m->build_id     = t->build_id;
    m->build_id_len = t->build_id_len;
}

static bool note_modules(cci_places_t *p, const cci_report_t *r)
{
    for (uint32_t i = 1; i < cci_trace_module_count(r->trace); i++) {
        const cci_trace_module_t *t = cci_trace_module(r->trace, i);
        module_t                 *m = module_of(p, r, t->path);
        if (!m)
            return false;
        note_build(m, t);
    }
    return true;
}

/* ---- which names there are ---- */

static bool stack_of(const cci_report_t *r, uint32_t site, cci_stack_t *out)
{
    if (!cci_frames_of(r->frames, r->profile->sites[site].stack, out))
        return false;
    *out = cci_stack_trimmed(*out);
    return true;
}

static bool note_frame(cci_places_t *p, cci_side_t side, const cci_frame_t *f)
{
    if (!f->module)
        return true;
    module_t *m = module_of(p, p->report[side], f->module);
    if (!m)
        return false;
    m->seen[side] = true;
    m->named[side] |= f->function != NULL;
    return true;
}

static bool note_names(cci_places_t *p, cci_side_t side)
{
    const cci_report_t *r = p->report[side];
    cci_stack_t         stack;

    for (uint32_t i = 0; i < r->profile->site_count; i++) {
        if (!stack_of(r, i, &stack))
            return false;
        for (size_t f = 0; f < stack.count; f++)
            if (!note_frame(p, side, &stack.frame[f]))
                return false;
    }
    return true;
}

/* Names are of use where every run that has the module in a stack has some. */
static bool has_names(const module_t *m)
{
    for (int side = 0; side < CCI_SIDES; side++)
        if (m->seen[side] && !m->named[side])
            return false;
    return true;
}

/* ---- the key of a stack ---- */

static bool append(cci_places_t *p, const char *text, size_t length)
{
    while (p->key_length + length + 1 > p->key_capacity) {
        size_t capacity = p->key_capacity ? 2 * p->key_capacity : 1024;
        char  *bigger   = realloc(p->key, capacity);
        if (!bigger)
            return false;
        p->key          = bigger;
        p->key_capacity = capacity;
    }
    memcpy(p->key + p->key_length, text, length);
    p->key_length += length;
    p->key[p->key_length] = '\0';
    return true;
}

/* Without what a compiler adds when it copies or splits a function. */
static size_t plain_length(const char *function)
{
    static const char *const ADDED[] = { " [clone", ".constprop.", ".part.", ".isra.",
                                         ".cold",   ".lto_priv.",  ".llvm.", ".localalias" };
    size_t                   length  = strlen(function);

    for (size_t i = 0; i < sizeof ADDED / sizeof ADDED[0]; i++) {
        const char *found = strstr(function, ADDED[i]);
        if (found && found > function && (size_t)(found - function) < length)
            length = (size_t)(found - function);
    }
    return length;
}

/* "[libz.so+0x2345]", "[libz.so]" where offsets are not the same in both runs. */
static void name_by_module(cci_places_t *p, cci_side_t side, module_t *m, const cci_frame_t *f,
                           char room[FRAME_BYTES])
{
    char name[MODULE_NAME_BYTES];

    name_module(p->report[side], f->module, name);
    if (m->one_build)
        snprintf(room, FRAME_BYTES, "[%s+0x%" PRIx64 "]", name, f->offset);
    else
        snprintf(room, FRAME_BYTES, "[%s]", name);
    m->blurred |= !m->one_build;
}

/* What to call a frame: so many bytes of a text, which may be `room`. NULL: out of memory. */
static const char *name_frame(cci_places_t *p, cci_side_t side, const cci_frame_t *f,
                              char room[FRAME_BYTES], size_t *length)
{
    module_t *m = f->module ? module_of(p, p->report[side], f->module) : NULL;

    if (f->module && !m)
        return NULL;
    if (f->function && (!m || has_names(m))) {
        *length = plain_length(f->function);
        return f->function;
    }
    if (m)
        name_by_module(p, side, m, f, room);
    else
        snprintf(room, FRAME_BYTES, "[unknown]");
    *length = strlen(room);
    return room;
}

/* Add a line, unless it is the last one once more. last: where that begins. */
static bool append_line(cci_places_t *p, size_t *last, const char *name, size_t length)
{
    size_t before = p->key_length - *last;

    if (before == length + 1 && memcmp(p->key + *last, name, length) == 0)
        return true;
    *last = p->key_length;
    return append(p, name, length) && append(p, "\n", 1);
}

static bool make_key(cci_places_t *p, cci_side_t side, cci_stack_t stack)
{
    char   room[FRAME_BYTES];
    size_t last = 0, length;

    p->key_length = 0;
    for (size_t i = 0; i < stack.count; i++) {
        const char *name = name_frame(p, side, &stack.frame[i], room, &length);
        if (!name || !append_line(p, &last, name, length))
            return false;
    }
    return append(p, "", 0);
}

static bool find_places(cci_places_t *p, cci_side_t side)
{
    const cci_report_t *r = p->report[side];
    cci_stack_t         stack;

    p->place[side] = calloc(r->profile->site_count + 1, sizeof *p->place[side]);
    if (!p->place[side])
        return false;
    for (uint32_t i = 0; i < r->profile->site_count; i++)
        if (!stack_of(r, i, &stack) || !make_key(p, side, stack) ||
            !cci_texts_number(&p->keys, p->key, &p->place[side][i]))
            return false;
    return true;
}

/* ---- the whole ---- */

static bool build(cci_places_t *p)
{
    return note_modules(p, p->report[CCI_OLD]) && note_modules(p, p->report[CCI_NEW]) &&
           note_names(p, CCI_OLD) && note_names(p, CCI_NEW) && find_places(p, CCI_OLD) &&
           find_places(p, CCI_NEW);
}

cci_places_t *cci_places_create(const cci_report_t *old, const cci_report_t *new)
{
    cci_places_t *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->report[CCI_OLD] = old;
    p->report[CCI_NEW] = new;
    if (build(p))
        return p;
    cci_places_destroy(p);
    return NULL;
}

void cci_places_destroy(cci_places_t *p)
{
    if (!p)
        return;
    cci_texts_fini(&p->keys);
    cci_texts_fini(&p->module_names);
    free(p->place[CCI_OLD]);
    free(p->place[CCI_NEW]);
    free(p->module);
    free(p->key);
    free(p);
}

size_t cci_places_count(const cci_places_t *p)
{
    return p->keys.count;
}

const uint32_t *cci_places_of(const cci_places_t *p, cci_side_t side)
{
    return p->place[side];
}

const char *cci_places_key(const cci_places_t *p, uint32_t place)
{
    return p->keys.item[place];
}

const char *cci_places_next_name(const char **key, size_t *length)
{
    const char *name = *key;
    const char *end  = strchr(name, '\n');

    if (!end)
        return NULL;
    *length = (size_t)(end - name);
    *key    = end + 1;
    return name;
}

bool cci_places_is_coarse(const cci_places_t *p, uint32_t place)
{
    const char *key = cci_places_key(p, place), *name;
    size_t      length;

    while ((name = cci_places_next_name(&key, &length)) != NULL)
        if (*name == '[' && !memchr(name, '+', length))
            return true;
    return false;
}

bool cci_places_match(const cci_places_t *p, uint32_t place, const char *pattern)
{
    const char *key = cci_places_key(p, place), *name;
    char        text[NAME_BYTES]; /* longer ones are cut by the symbolizer */
    size_t      length;

    while ((name = cci_places_next_name(&key, &length)) != NULL) {
        snprintf(text, sizeof text, "%.*s", (int)length, name);
        if (fnmatch(pattern, text, FNM_NOESCAPE) == 0)
            return true;
    }
    return false;
}

bool cci_places_is_nameless(const cci_places_t *p, cci_side_t side)
{
    for (size_t i = 0; i < p->module_names.count; i++)
        if (p->module[i].named[side])
            return false;
    return p->report[side]->profile->site_count > 0;
}

const char *cci_places_blurred(const cci_places_t *p, size_t i)
{
    for (size_t m = 0; m < p->module_names.count; m++)
        if (p->module[m].blurred && i-- == 0)
            return p->module_names.item[m];
    return NULL;
}
