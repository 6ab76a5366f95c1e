/* SPDX-License-Identifier: MIT */
/* prim/module.c - see prim/module.h. */
#include "prim/module.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#ifdef DLFO_STRUCT_HAS_EH_DBASE

bool cci_module_find(uintptr_t pc, cci_module_t *out)
{
    struct dl_find_object o;

    if (_dl_find_object((void *)pc, &o) != 0)
        return false;
    *out = (cci_module_t){ .start        = (uintptr_t)o.dlfo_map_start,
                           .end          = (uintptr_t)o.dlfo_map_end,
                           .bias         = (uintptr_t)o.dlfo_link_map->l_addr,
                           .eh_frame_hdr = o.dlfo_eh_frame,
                           .path         = o.dlfo_link_map->l_name };
    return true;
}

#else

struct search {
    uintptr_t     pc;
    cci_module_t *out;
};

static int match_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *s = arg;
    cci_module_t   m = { .start = UINTPTR_MAX, .bias = info->dlpi_addr, .path = info->dlpi_name };
    bool           holds = false;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + ph->p_vaddr, end = start + ph->p_memsz;
        if (ph->p_type == PT_GNU_EH_FRAME)
            m.eh_frame_hdr = (const uint8_t *)start;
        if (ph->p_type != PT_LOAD)
            continue;
        m.start = start < m.start ? start : m.start;
        m.end   = end > m.end ? end : m.end;
        holds |= s->pc >= start && s->pc < end;
    }
    if (holds)
        *s->out = m;
    return holds;
}

bool cci_module_find(uintptr_t pc, cci_module_t *out)
{
    struct search s = { .pc = pc, .out = out };
    return dl_iterate_phdr(match_module, &s) != 0;
}

#endif

static bool read_build_id_note(cci_module_t *m, const uint8_t *p, size_t n)
{
    while (n >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) h;
        memcpy(&h, p, sizeof h);
        size_t name = ((size_t)h.n_namesz + 3) & ~(size_t)3;
        size_t desc = ((size_t)h.n_descsz + 3) & ~(size_t)3;
        if (name > n - sizeof h || desc > n - sizeof h - name)
            return false;
        const uint8_t *text = p + sizeof h;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && memcmp(text, "GNU", 4) == 0) {
            m->build_id     = text + name;
            m->build_id_len = h.n_descsz;
            return true;
        }
        p += sizeof h + name + desc;
        n -= sizeof h + name + desc;
    }
    return false;
}

/* The first page of a mapping holds the file's header and, right behind it, the program headers. */
void cci_module_read_build_id(cci_module_t *m)
{
    const ElfW(Ehdr) *eh = (const ElfW(Ehdr) *)m->start;

    m->build_id     = NULL;
    m->build_id_len = 0;
    if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 || eh->e_phentsize != sizeof(ElfW(Phdr)) ||
        eh->e_phoff + (size_t)eh->e_phnum * sizeof(ElfW(Phdr)) > 4096)
        return;
    const ElfW(Phdr) *ph = (const ElfW(Phdr) *)(m->start + eh->e_phoff);
    for (unsigned i = 0; i < eh->e_phnum; i++) {
        uintptr_t at = m->bias + ph[i].p_vaddr;
        if (ph[i].p_type == PT_NOTE && at >= m->start && at + ph[i].p_memsz <= m->end &&
            read_build_id_note(m, (const uint8_t *)at, ph[i].p_memsz))
            return;
    }
}
