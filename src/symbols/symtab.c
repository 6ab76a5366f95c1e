/* SPDX-License-Identifier: MIT */
/* symtab.c - see symbols/symtab.h for the contract.
 *
 * Sorting puts the best name of each address first, the others are dropped. Assembler routines
 * often have no size: such a symbol reaches to the next symbol, but not out of its section (or
 * the last symbol before a gap would name the whole gap), and it is a label, not a function,
 * when a sized symbol holds it.
 */
#include "symbols/symtab.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct symbol {
    uint64_t    lo, hi;  /* hi == lo: no size */
    uint64_t    end_max; /* without size: the end of its section */
    const char *name;
    unsigned    rank; /* less is better */
};

struct symbols {
    struct symbol *at;
    size_t         count, capacity;
};

static unsigned rank_of(const GElf_Sym *sym, const char *name)
{
    unsigned binding     = GELF_ST_BIND(sym->st_info);
    unsigned type        = GELF_ST_TYPE(sym->st_info);
    unsigned underscores = (unsigned)strspn(name, "_");

    return (sym->st_size == 0 ? 1u << 16 : 0) +
           (type == STT_FUNC        ? 0
            : type == STT_GNU_IFUNC ? 1u << 12
                                    : 2u << 12) +
           (binding == STB_GLOBAL ? 0
            : binding == STB_WEAK ? 1u << 8
                                  : 2u << 8) +
           (underscores < 255 ? underscores : 255);
}

static int best_at_each_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_function(const GElf_Sym *sym, GElf_Word section, const char *name)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);

    if (!name || name[0] == '\0' || section == SHN_UNDEF || section == SHN_ABS)
        return false;
    /* "$x": where ARM and RISC-V assemblers mark the kind of what follows. */
    return type == STT_FUNC || type == STT_GNU_IFUNC || (type == STT_NOTYPE && name[0] != '$');
}

/* Bytes of the section from value, an address of the file that elf is, to its end. */
static uint64_t left_in_section(Elf *elf, GElf_Word section, uint64_t value)
{
    GElf_Shdr header;
    Elf_Scn  *scn = elf_getscn(elf, section);

    if (!scn || !gelf_getshdr(scn, &header) || value < header.sh_addr)
        return 0;
    uint64_t before = value - header.sh_addr;
    return before < header.sh_size ? header.sh_size - before : 0;
}

static bool add_symbol(struct symbols *list, const cci_image_t *image, int index)
{
    GElf_Sym    sym;
    GElf_Addr   addr, bias;
    GElf_Word   section;
    Elf        *elf;
    uint32_t    ignored;
    const char *name =
        dwfl_module_getsym_info(image->module, index, &sym, &addr, &section, &elf, &bias);

    if (!name || !is_function(&sym, section, name))
        return true;
    uint64_t lo = addr - image->bias;
    if (!cci_spans_find(&image->code, lo, &ignored) || sym.st_size > UINT64_MAX - lo)
        return true;
    struct symbol *at = cci_array_room(list->at, list->count, &list->capacity, sizeof *at);
    if (!at)
        return false;
    list->at          = at;
    at[list->count++] = (struct symbol){
        .lo      = lo,
        .hi      = lo + sym.st_size,
        .end_max = sym.st_size ? lo : lo + left_in_section(elf, section, sym.st_value),
        .name    = name,
        .rank    = rank_of(&sym, name),
    };
    return true;
}

static bool collect(struct symbols *list, const cci_image_t *image)
{
    int count = dwfl_module_getsymtab(image->module);

    for (int i = 1; i < count; i++) /* symbol 0 is none */
        if (!add_symbol(list, image, i))
            return false;
    if (list->count)
        qsort(list->at, list->count, sizeof *list->at, best_at_each_address);
    return true;
}

/* The first symbol after i that begins later; list->count when none does. */
static size_t next_address(const struct symbols *list, size_t i)
{
    size_t next = i + 1;

    while (next < list->count && list->at[next].lo == list->at[i].lo)
        next++;
    return next;
}

static bool make_spans(cci_symtab_t *t, const struct symbols *list)
{
    uint64_t covered = 0; /* by the sized symbols so far */
    size_t   next;

    for (size_t i = 0; i < list->count; i = next) {
        const struct symbol *s  = &list->at[i];
        uint64_t             hi = s->hi;
        next                    = next_address(list, i);
        if (hi == s->lo && covered <= s->lo) {
            hi = s->end_max;
            if (next < list->count && list->at[next].lo < hi)
                hi = list->at[next].lo;
        } else if (hi > covered) {
            covered = hi;
        }
        if (!cci_spans_add(&t->spans, s->lo, hi, (uint32_t)i))
            return false;
        t->names[i] = s->name;
    }
    return cci_spans_seal(&t->spans);
}

bool cci_symtab_read(cci_symtab_t *t, const cci_image_t *image)
{
    struct symbols list = { 0 };

    *t      = (cci_symtab_t){ 0 };
    bool ok = collect(&list, image);
    if (ok && list.count) {
        t->names = calloc(list.count, sizeof *t->names);
        ok       = t->names && make_spans(t, &list);
    }
    free(list.at);
    if (!ok)
        cci_symtab_fini(t);
    return ok;
}

const char *cci_symtab_find(const cci_symtab_t *t, uint64_t vaddr)
{
    uint32_t index;

    return cci_spans_find(&t->spans, vaddr, &index) ? t->names[index] : NULL;
}

void cci_symtab_fini(cci_symtab_t *t)
{
    cci_spans_fini(&t->spans);
    free(t->names);
    *t = (cci_symtab_t){ 0 };
}
