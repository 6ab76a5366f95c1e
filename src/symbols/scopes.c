/* SPDX-License-Identifier: MIT */
/* scopes.c - see symbols/scopes.h for the contract.
 *
 * Two tables of address ranges: units of the module, and scopes (functions and inlined calls) of
 * a unit. A scope knows the one around it, so the innermost scope of an address gives the whole
 * chain of frames. libdw's own dwarf_getscopes walks the tree of the unit for every address;
 * .debug_aranges as index of units is left out by clang and rustc.
 *
 * Linkers point the ranges of functions that they drop to address 0 or thereabouts. Ranges that
 * do not begin in code are ignored.
 *
 * Invariant: scope[i].parent < i, or NO_PARENT.
 */
#include "symbols/scopes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "base/array.h"
#include "symbols/demangle.h"

enum { DEPTH_MAX = 512 };
#define NO_PARENT UINT32_MAX

struct scope {
    Dwarf_Die   die;
    uint32_t    parent;
    const char *function; /* NULL until asked for */
};

struct scope_list {
    cci_spans_t   spans; /* the value is an index of scope */
    struct scope *scope;
    size_t        count, capacity;
};

struct cci_unit {
    Dwarf_Die         die;
    bool              is_read;
    struct scope_list scopes;
};

/* Add the ranges of die that begin in code, with this value. */
static bool add_ranges(cci_spans_t *spans, const cci_scopes_t *s, Dwarf_Die *die, uint32_t value)
{
    ptrdiff_t  offset = 0;
    Dwarf_Addr base, lo, hi;
    uint32_t   ignored;

    while ((offset = dwarf_ranges(die, offset, &base, &lo, &hi)) > 0)
        if (cci_spans_find(s->code, lo - s->bias, &ignored) &&
            !cci_spans_add(spans, lo - s->bias, hi - s->bias, value))
            return false;
    return true;
}

static void scope_list_fini(struct scope_list *list)
{
    cci_spans_fini(&list->spans);
    free(list->scope);
    *list = (struct scope_list){ 0 };
}

/* Add die as a scope when it has code; *parent is the scope around and then the new one. */
static bool add_scope(struct scope_list *list, const cci_scopes_t *s, Dwarf_Die *die,
                      uint32_t *parent)
{
    size_t spans = list->spans.count;

    if (list->count >= NO_PARENT)
        return true;
    if (!add_ranges(&list->spans, s, die, (uint32_t)list->count))
        return false;
    if (list->spans.count == spans)
        return true;
    struct scope *scope = cci_array_room(list->scope, list->count, &list->capacity, sizeof *scope);
    if (!scope)
        return false;
    list->scope        = scope;
    scope[list->count] = (struct scope){ .die = *die, .parent = *parent };
    *parent            = (uint32_t)list->count++;
    return true;
}

static bool read_children(struct scope_list *list, const cci_scopes_t *s, Dwarf_Die *die,
                          uint32_t parent, unsigned depth);

static bool read_die(struct scope_list *list, const cci_scopes_t *s, Dwarf_Die *die,
                     uint32_t parent, unsigned depth)
{
    switch (dwarf_tag(die)) {
    case DW_TAG_subprogram:
        if (dwarf_hasattr(die, DW_AT_declaration))
            return true;
        parent = NO_PARENT;
        if (!add_scope(list, s, die, &parent))
            return false;
        break;
    case DW_TAG_inlined_subroutine:
        if (!add_scope(list, s, die, &parent))
            return false;
        break;
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type: /* Rust has methods of those */
        break;
    default:
        return true;
    }
    return read_children(list, s, die, parent, depth + 1);
}

static bool read_children(struct scope_list *list, const cci_scopes_t *s, Dwarf_Die *die,
                          uint32_t parent, unsigned depth)
{
    Dwarf_Die child;

    if (depth == DEPTH_MAX || dwarf_child(die, &child) != 0)
        return true;
    do {
        if (!read_die(list, s, &child, parent, depth))
            return false;
    } while (dwarf_siblingof(&child, &child) == 0);
    return true;
}

/* The tree with the code of a unit: in a file of its own when the unit is a skeleton. */
static Dwarf_Die tree_of(const Dwarf_Die *unit)
{
    uint8_t   type;
    Dwarf_Die split;

    if (dwarf_cu_info(unit->cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
        type == DW_UT_skeleton && split.addr)
        return split;
    return *unit;
}

static bool read_unit(struct cci_unit *u, const cci_scopes_t *s)
{
    struct scope_list list = { 0 };
    Dwarf_Die         tree = tree_of(&u->die);

    if (!read_children(&list, s, &tree, NO_PARENT, 0) || !cci_spans_seal(&list.spans)) {
        scope_list_fini(&list);
        return false;
    }
    u->scopes  = list;
    u->is_read = true;
    return true;
}

static bool add_unit(cci_scopes_t *s, Dwarf_Die *die)
{
    size_t           spans = s->spans.count;
    struct cci_unit *unit;

    if (s->count >= UINT32_MAX)
        return true;
    if (!add_ranges(&s->spans, s, die, (uint32_t)s->count))
        return false;
    if (s->spans.count == spans)
        return true;
    unit = cci_array_room(s->unit, s->count, &s->capacity, sizeof *unit);
    if (!unit)
        return false;
    s->unit          = unit;
    unit[s->count++] = (struct cci_unit){ .die = *die };
    return true;
}

static bool read_units(cci_scopes_t *s, Dwarf *dwarf)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    uint8_t   type;

    while (dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, NULL) == 0)
        if ((type == DW_UT_compile || type == DW_UT_skeleton) && !add_unit(s, &die))
            return false;
    return cci_spans_seal(&s->spans);
}

bool cci_scopes_open(cci_scopes_t *s, const cci_image_t *image)
{
    Dwarf_Addr bias;
    Dwarf     *dwarf = dwfl_module_getdwarf(image->module, &bias);

    *s = (cci_scopes_t){ .code = &image->code, .bias = image->bias - bias };
    if (dwarf && !read_units(s, dwarf)) {
        cci_scopes_close(s);
        return false;
    }
    return true;
}

void cci_scopes_close(cci_scopes_t *s)
{
    for (size_t i = 0; i < s->count; i++)
        scope_list_fini(&s->unit[i].scopes);
    free(s->unit);
    cci_spans_fini(&s->spans);
    *s = (cci_scopes_t){ 0 };
}

/* A file and a line; file NULL: not known. */
struct place {
    const char *file;
    unsigned    line;
};

static const char *attribute_text(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute a;

    return dwarf_attr_integrate(die, name, &a) ? dwarf_formstring(&a) : NULL;
}

/* Keep path, below the folder of the compilation when it is relative. NULL stays NULL. */
static bool keep_path(const struct cci_unit *u, cci_store_t *store, const char *path,
                      const char **out)
{
    Dwarf_Die   die    = u->die;
    const char *folder = path && path[0] != '/' ? attribute_text(&die, DW_AT_comp_dir) : NULL;
    char       *joined = NULL;

    /* A folder that is relative itself (builds hide theirs that way) adds nothing. */
    if (folder && folder[0] == '/') {
        if (asprintf(&joined, "%s/%s", folder, path) < 0)
            return false;
        path = joined;
    }
    *out = path ? cci_store_text(store, path, strlen(path)) : NULL;
    free(joined);
    return *out || !path;
}

static bool line_at(const struct cci_unit *u, cci_store_t *store, Dwarf_Addr at, struct place *out)
{
    Dwarf_Die   die  = u->die;
    Dwarf_Line *row  = dwarf_getsrc_die(&die, at);
    int         line = 0;

    *out = (struct place){ 0 };
    if (!row)
        return true;
    if (dwarf_lineno(row, &line) == 0 && line > 0)
        out->line = (unsigned)line;
    return keep_path(u, store, dwarf_linesrc(row, NULL, NULL), &out->file);
}

static Dwarf_Word attribute(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute a;
    Dwarf_Word      value;

    return dwarf_attr(die, name, &a) && dwarf_formudata(&a, &value) == 0 ? value : 0;
}

/* Where an inlined scope is called. */
static bool call_place(const struct cci_unit *u, cci_store_t *store, Dwarf_Die *die,
                       struct place *out)
{
    Dwarf_Word   file = attribute(die, DW_AT_call_file), line = attribute(die, DW_AT_call_line);
    Dwarf_Die    unit;
    Dwarf_Files *files;
    size_t       count;

    *out = (struct place){ .line = line <= UINT_MAX ? (unsigned)line : 0 };
    if (!dwarf_diecu(die, &unit, NULL, NULL) || dwarf_getsrcfiles(&unit, &files, &count) != 0 ||
        file >= count)
        return true;
    return keep_path(u, store, dwarf_filesrc(files, file, NULL, NULL), &out->file);
}

static const char *linkage_name(Dwarf_Die *die)
{
    const char *name = attribute_text(die, DW_AT_linkage_name);

    return name ? name : attribute_text(die, DW_AT_MIPS_linkage_name); /* before DWARF 4 */
}

static const char *symbol_of(const cci_scopes_t *s, const cci_symtab_t *symtab, Dwarf_Die *die)
{
    Dwarf_Addr base, lo, hi;

    return dwarf_ranges(die, 0, &base, &lo, &hi) > 0 ? cci_symtab_find(symtab, lo - s->bias) : NULL;
}

/* Compilers leave the linkage name out of C functions and of C++ functions of one file. The
 * symbol knows the latter's full name; for the former the name in the DWARF is the better one,
 * without the compiler's suffixes. */
static const char *mangled_name(const cci_scopes_t *s, const cci_symtab_t *symtab,
                                struct scope *scope)
{
    const char *linkage = linkage_name(&scope->die);
    if (linkage)
        return linkage;
    const char *symbol = scope->parent == NO_PARENT ? symbol_of(s, symtab, &scope->die) : NULL;
    if (symbol && (strncmp(symbol, "_Z", 2) == 0 || strncmp(symbol, "_R", 2) == 0))
        return symbol;
    const char *name = dwarf_diename(&scope->die);
    return name ? name : symbol;
}

static bool name_scope(const cci_scopes_t *s, cci_store_t *store, const cci_symtab_t *symtab,
                       struct scope *scope)
{
    const char *mangled = scope->function ? NULL : mangled_name(s, symtab, scope);

    if (mangled)
        scope->function = cci_demangle(store, mangled);
    return scope->function || !mangled;
}

/* What a lookup needs to turn scopes into frames. */
struct framing {
    const cci_scopes_t    *scopes;
    const struct cci_unit *unit;
    const cci_symtab_t    *symtab;
    cci_store_t           *store;
};

static size_t chain_length(const struct scope_list *list, uint32_t innermost)
{
    size_t n = 0;

    for (uint32_t i = innermost; i != NO_PARENT; i = list->scope[i].parent)
        n++;
    return n;
}

/* From the inside out; each frame is where the line table, then the call of the frame before,
 * says. */
static bool fill_chain(const struct framing *f, uint32_t innermost, struct place at,
                       cci_symbol_frame_t *frame)
{
    struct scope *scope = f->unit->scopes.scope;

    for (uint32_t i = innermost; i != NO_PARENT; i = scope[i].parent, frame++) {
        bool inlined = scope[i].parent != NO_PARENT;
        if (!name_scope(f->scopes, f->store, f->symtab, &scope[i]))
            return false;
        *frame = (cci_symbol_frame_t){ scope[i].function, at.file, at.line, inlined };
        if (inlined && !call_place(f->unit, f->store, &scope[i].die, &at))
            return false;
    }
    return true;
}

static bool find_chain(const struct framing *f, uint32_t innermost, struct place at,
                       cci_symbol_frames_t *out)
{
    size_t              count = chain_length(&f->unit->scopes, innermost);
    cci_symbol_frame_t *frame = cci_store_alloc(f->store, count * sizeof *frame);

    if (!frame || !fill_chain(f, innermost, at, frame))
        return false;
    *out = (cci_symbol_frames_t){ frame, count };
    return true;
}

/* Code outside the functions of the DWARF: from an assembler file when it has a symbol, else the
 * gap after a function, where the line is only that of the last row before. */
static bool find_plain(const struct framing *f, uint64_t vaddr, struct place at,
                       cci_symbol_frames_t *out)
{
    const char *symbol = cci_symtab_find(f->symtab, vaddr);

    if (!symbol)
        return true;
    const char         *function = cci_demangle(f->store, symbol);
    cci_symbol_frame_t *frame    = cci_store_alloc(f->store, sizeof *frame);
    if (!function || !frame)
        return false;
    *frame = (cci_symbol_frame_t){ function, at.file, at.line, false };
    *out   = (cci_symbol_frames_t){ frame, 1 };
    return true;
}

bool cci_scopes_find(cci_scopes_t *s, cci_store_t *store, const cci_symtab_t *symtab,
                     uint64_t vaddr, cci_symbol_frames_t *out)
{
    uint32_t     index, innermost;
    struct place at = { 0 };

    *out             = (cci_symbol_frames_t){ 0 };
    struct framing f = { s, NULL, symtab, store };
    if (cci_spans_find(&s->spans, vaddr, &index)) {
        struct cci_unit *u = &s->unit[index];
        f.unit             = u;
        if ((!u->is_read && !read_unit(u, s)) || !line_at(u, store, vaddr + s->bias, &at))
            return false;
        if (cci_spans_find(&u->scopes.spans, vaddr, &innermost))
            return find_chain(&f, innermost, at, out);
    }
    return find_plain(&f, vaddr, at, out);
}
