/* SPDX-License-Identifier: MIT */
/* frames.c - see report/frames.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report/frames.h"

struct cci_frames {
    const cci_trace_t *trace;
    cci_symbolizer_t  *symbolizer;
    uint32_t          *module; /* the symbolizer's index + 1 of the trace's, 0 = not asked yet */
    size_t             module_count;
    cci_frame_t       *frame; /* of the stack asked for last */
    size_t             count, capacity;
};

void cci_frames_destroy(cci_frames_t *f)
{
    if (!f)
        return;
    cci_symbolizer_destroy(f->symbolizer);
    free(f->module);
    free(f->frame);
    free(f);
}

/* Those that the trace knows by now: one that is still recorded has more and more. */
static bool take_modules(cci_frames_t *f)
{
    size_t    count  = cci_trace_module_count(f->trace);
    uint32_t *module = realloc(f->module, (count + 1) * sizeof *module);

    if (!module)
        return false;
    memset(module + f->module_count, 0, (count + 1 - f->module_count) * sizeof *module);
    f->module       = module;
    f->module_count = count;
    return true;
}

cci_frames_t *cci_frames_create(const cci_trace_t *t, const cci_symbolizer_options_t *options)
{
    cci_frames_t *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->trace      = t;
    f->symbolizer = cci_symbolizer_create(options);
    if (!f->symbolizer || !take_modules(f)) {
        cci_frames_destroy(f);
        return NULL;
    }
    return f;
}

void cci_frames_rebind(cci_frames_t *f, const cci_trace_t *t)
{
    f->trace = t;
}

static bool add_frame(cci_frames_t *f, const cci_frame_t *frame)
{
    if (f->count == f->capacity) {
        size_t       capacity = f->capacity ? 2 * f->capacity : 64;
        cci_frame_t *bigger   = realloc(f->frame, capacity * sizeof *bigger);
        if (!bigger)
            return false;
        f->frame    = bigger;
        f->capacity = capacity;
    }
    f->frame[f->count++] = *frame;
    return true;
}

static bool module_index(cci_frames_t *f, uint32_t module, uint32_t *out)
{
    if (module >= f->module_count && !take_modules(f))
        return false;
    if (f->module[module] == 0) {
        const cci_trace_module_t *m     = cci_trace_module(f->trace, module);
        cci_symbol_module_t       known = { m->path, m->build_id, m->build_id_len };
        uint32_t                  index;
        if (!cci_symbolizer_add_module(f->symbolizer, &known, &index))
            return false;
        f->module[module] = index + 1;
    }
    *out = f->module[module] - 1;
    return true;
}

/* Nothing is known of an address outside all modules. False: out of memory. */
static bool look_up(cci_frames_t *f, const cci_stack_node_t *node, cci_symbol_frames_t *found)
{
    uint32_t index;

    *found = (cci_symbol_frames_t){ NULL, 0 };
    if (node->module == 0)
        return true;
    return module_index(f, node->module, &index) &&
           cci_symbolizer_lookup(f->symbolizer, index, node->offset, true, found);
}

static bool add_node(cci_frames_t *f, const cci_stack_node_t *node)
{
    cci_symbol_frames_t found;
    cci_frame_t         frame = { .offset = node->offset };

    if (!look_up(f, node, &found))
        return false;
    if (node->module != 0)
        frame.module = cci_trace_module(f->trace, node->module)->path;
    for (size_t i = 0; i < found.count; i++) {
        frame.function = found.frame[i].function;
        frame.file     = found.frame[i].file;
        frame.line     = found.frame[i].line;
        frame.inlined  = found.frame[i].inlined;
        if (!add_frame(f, &frame))
            return false;
    }
    return found.count > 0 || add_frame(f, &frame);
}

bool cci_frames_of(cci_frames_t *f, uint32_t node, cci_stack_t *out)
{
    f->count = 0;
    for (unsigned depth = 0; node != 0 && depth < CCI_STACK_MAX; depth++) {
        const cci_stack_node_t *n = cci_trace_node(f->trace, node);
        if (!add_node(f, n))
            return false;
        node = n->parent;
    }
    *out = (cci_stack_t){ f->frame, f->count };
    return true;
}

bool cci_frames_at(cci_frames_t *f, uint32_t node, cci_stack_t *out)
{
    f->count = 0;
    if (!add_node(f, cci_trace_node(f->trace, node)))
        return false;
    *out = (cci_stack_t){ f->frame, f->count };
    return true;
}

/* ---- names ---- */

const char *cci_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *cci_frame_name(const cci_frame_t *f, char room[CCI_FRAME_NAME_BYTES])
{
    if (f->function)
        return f->function;
    if (f->module)
        snprintf(room, CCI_FRAME_NAME_BYTES, "%.256s+0x%" PRIx64, cci_base_name(f->module),
                 f->offset);
    else
        snprintf(room, CCI_FRAME_NAME_BYTES, "0x%" PRIx64, f->offset);
    return room;
}

/* ---- what is not the program's ---- */

static const char *const ALLOCATORS[] = {
    "operator new",
    "std::allocator",
    "std::__new_allocator",
    "__gnu_cxx::",
    "std::_Vector_base<",
    "__rust_alloc",
    "__rust_realloc",
    "__rdl_",
    "alloc::alloc::",
    "alloc::raw_vec::",
    "<alloc::alloc::",
    "__rustc::",
    NULL,
};

/* What of the library is inlined into programs. */
static const char *const INLINE_HEADERS[] = {
    "ccmem/alloc.h", "ccmem/alloc_inline.h", "ccmem/allocator.h", "ccmem/allocator_inline.h", NULL,
};

static const char *const STARTERS[] = {
    "_start", "__libc_start_main", "__libc_start_call_main", "start_thread",
    "clone",  "__clone",           "_dl_start_user",         NULL,
};

static bool begins_with_one_of(const char *s, const char *const *list)
{
    for (; s && *list; list++)
        if (strncmp(s, *list, strlen(*list)) == 0)
            return true;
    return false;
}

static bool ends_with_one_of(const char *s, const char *const *list)
{
    for (; s && *list; list++)
        if (strlen(s) >= strlen(*list) && strcmp(s + strlen(s) - strlen(*list), *list) == 0)
            return true;
    return false;
}

static bool is_allocator(const cci_frame_t *f)
{
    return begins_with_one_of(f->function, ALLOCATORS) || ends_with_one_of(f->file, INLINE_HEADERS);
}

static bool is_libc(const char *path)
{
    if (!path)
        return false;
    const char *base = cci_base_name(path);
    return strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-", 5) == 0 ||
           strncmp(base, "ld-", 3) == 0 || strncmp(base, "libpthread", 10) == 0;
}

/* libc's own starting functions have no name where it is stripped. */
static bool is_starter(const cci_frame_t *f)
{
    if (f->function)
        return begins_with_one_of(f->function, STARTERS) &&
               (is_libc(f->module) || strcmp(f->function, "_start") == 0);
    return is_libc(f->module);
}

/* The _start of a stripped program has no name, but what it calls has in every libc: who starts a
 * program by __libc_start_main looks for it by that. */
static bool is_nameless_start(const cci_frame_t *f, const cci_frame_t *called)
{
    return !f->function && called->function && is_starter(called);
}

cci_stack_t cci_stack_trimmed(cci_stack_t whole)
{
    if (whole.count > 1 &&
        is_nameless_start(&whole.frame[whole.count - 1], &whole.frame[whole.count - 2]))
        whole.count--;
    while (whole.count > 1 && is_starter(&whole.frame[whole.count - 1]))
        whole.count--;
    while (whole.count > 1 && is_allocator(&whole.frame[0])) {
        whole.frame++;
        whole.count--;
    }
    return whole;
}
