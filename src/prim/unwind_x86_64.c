/* SPDX-License-Identifier: MIT */
/* prim/unwind_x86_64.c - one call site's rule out of .eh_frame. See prim/unwind.h.
 *
 * Only what leads to the caller is followed: the CFA and rbp. A module's .eh_frame_hdr gives the
 * function's entry by binary search; running its instructions up to the site gives the rule.
 * Every length and offset in the tables is checked against the module before it is followed.
 * Sources: System V ABI, AMD64 supplement 1.0, 3.7 and 6.2; LSB 5, 10.6 (eh_frame_hdr);
 * DWARF 5, 6.4.2 and 7.24.
 */
#if defined(__x86_64__)
#include "prim/unwind.h"
#include <string.h>
#include <ucontext.h>
#include "prim/module.h"

enum { DWARF_BP = 6, DWARF_SP = 7, DWARF_RA = 16 };

/* Generated code that keeps frame pointers, as every JIT with a native profiler in mind does. */
static const cci_unwind_rule_t frame_pointer_rule = {
    .cfa = CCI_CFA_BP, .cfa_offset = 16, .bp = CCI_BP_AT_CFA, .bp_offset = -16
};

/* ---- reading ---- */

struct bytes {
    const uint8_t *p, *end;
};

static uint64_t read_fixed(struct bytes *b, size_t n)
{
    uint64_t v = 0;
    if ((size_t)(b->end - b->p) < n) {
        b->p = b->end;
        return 0;
    }
    memcpy(&v, b->p, n);
    b->p += n;
    return v;
}

static uint64_t read_uleb(struct bytes *b)
{
    uint64_t v = 0;
    for (unsigned shift = 0; b->p < b->end; shift += 7) {
        uint8_t c = *b->p++;
        v |= shift < 64 ? (uint64_t)(c & 0x7f) << shift : 0;
        if (c < 0x80)
            break;
    }
    return v;
}

static int64_t read_sleb(struct bytes *b)
{
    uint64_t v     = 0;
    unsigned shift = 0;
    uint8_t  c     = 0;
    while (b->p < b->end) {
        c = *b->p++;
        v |= shift < 64 ? (uint64_t)(c & 0x7f) << shift : 0;
        shift += 7;
        if (c < 0x80)
            break;
    }
    if (shift < 64 && (c & 0x40))
        v |= ~UINT64_C(0) << shift;
    return (int64_t)v;
}

static void skip(struct bytes *b, uint64_t n)
{
    b->p = n < (uint64_t)(b->end - b->p) ? b->p + n : b->end;
}

enum {
    PE_OMIT    = 0xff,
    PE_FORMAT  = 0x0f,
    PE_SIGNED  = 0x08,
    PE_BASE    = 0x70,
    PE_PCREL   = 0x10,
    PE_DATAREL = 0x30
};

static size_t encoded_size(uint8_t encoding)
{
    switch (encoding & 7) {
    case 2:
        return 2;
    case 3:
        return 4;
    default:
        return 8;
    }
}

/* A DW_EH_PE pointer; data is what a data-relative one counts from. */
static uintptr_t read_pointer(struct bytes *b, uint8_t encoding, uintptr_t data)
{
    uintptr_t at = (uintptr_t)b->p, v;

    switch (encoding & PE_FORMAT) {
    case 0x01:
        v = read_uleb(b);
        break;
    case 0x09:
        v = (uintptr_t)read_sleb(b);
        break;
    case 0x0a:
        v = (uintptr_t)(int16_t)read_fixed(b, 2);
        break;
    case 0x0b:
        v = (uintptr_t)(int32_t)read_fixed(b, 4);
        break;
    default:
        v = read_fixed(b, encoded_size(encoding));
        break;
    }
    if ((encoding & PE_BASE) == PE_PCREL)
        v += at;
    else if ((encoding & PE_BASE) == PE_DATAREL)
        v += data;
    return v;
}

/* ---- finding the function's entry ---- */

enum { HDR_TABLE_ENCODING = 0x3b }; /* data-relative, signed, 4 bytes: what every linker writes */

struct hdr_row {
    int32_t start, entry; /* both from the index's own address */
};

static struct hdr_row row_at(const uint8_t *rows, size_t i)
{
    struct hdr_row row;
    memcpy(&row, rows + i * sizeof row, sizeof row);
    return row;
}

/* Where the entry is that may cover site; 0: there is none. */
static uintptr_t find_entry(const cci_module_t *m, uintptr_t site)
{
    const uintptr_t hdr = (uintptr_t)m->eh_frame_hdr;
    struct bytes    b   = { m->eh_frame_hdr, (const uint8_t *)m->end };

    if (hdr < m->start || hdr >= m->end)
        return 0;
    uint8_t version = (uint8_t)read_fixed(&b, 1), frame = (uint8_t)read_fixed(&b, 1);
    uint8_t count = (uint8_t)read_fixed(&b, 1), table = (uint8_t)read_fixed(&b, 1);
    if (version != 1 || count == PE_OMIT || table != HDR_TABLE_ENCODING)
        return 0;
    read_pointer(&b, frame, hdr);
    size_t  rows = read_pointer(&b, count, hdr);
    int64_t want = (int64_t)(site - hdr);
    size_t  low = 0, high = rows; /* the first row past want is in (low, high] */

    if (rows == 0 || rows > (size_t)(b.end - b.p) / sizeof(struct hdr_row) ||
        row_at(b.p, 0).start > want)
        return 0;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (row_at(b.p, middle).start <= want)
            low = middle;
        else
            high = middle;
    }
    return hdr + (uintptr_t)(intptr_t)row_at(b.p, low).entry;
}

/* ---- a function's entry (FDE) with what it shares with others (CIE) ---- */

struct entry {
    struct bytes common, own; /* instructions */
    uintptr_t    start;
    uint64_t     code_align;
    int64_t      data_align;
    uint8_t      encoding; /* of addresses */
    bool         sized;    /* entries have augmentation data, with its length before it */
    bool         signal_frame;
};

/* The record that begins at `at`; empty where the module holds none, or one in the 64-bit format. */
static struct bytes record_at(const cci_module_t *m, uintptr_t at)
{
    static const uint8_t none[1];
    struct bytes         b = { (const uint8_t *)at, (const uint8_t *)m->end };

    if (at < m->start || at >= m->end)
        return (struct bytes){ none, none };
    uint64_t n = read_fixed(&b, 4);
    if (n > (uint64_t)(b.end - b.p))
        return (struct bytes){ none, none };
    b.end = b.p + n;
    return b;
}

static bool parse_common(struct entry *e, const cci_module_t *m, uintptr_t at)
{
    struct bytes b = record_at(m, at);

    if (read_fixed(&b, 4) != 0)
        return false;
    uint8_t     version      = (uint8_t)read_fixed(&b, 1);
    const char *augmentation = (const char *)b.p;
    const void *nul          = memchr(b.p, 0, (size_t)(b.end - b.p));
    if (!nul || (version != 1 && version != 3))
        return false;
    b.p           = (const uint8_t *)nul + 1;
    e->code_align = read_uleb(&b);
    e->data_align = read_sleb(&b);
    uint64_t ra   = version == 1 ? read_fixed(&b, 1) : read_uleb(&b);
    if (ra != DWARF_RA)
        return false;
    if (*augmentation == 'z') {
        e->sized              = true;
        uint64_t       length = read_uleb(&b);
        const uint8_t *data   = b.p;
        for (const char *a = augmentation + 1; *a; a++) {
            if (*a == 'R')
                e->encoding = (uint8_t)read_fixed(&b, 1);
            else if (*a == 'L')
                skip(&b, 1);
            else if (*a == 'P') {
                uint8_t personality = (uint8_t)read_fixed(&b, 1);
                read_pointer(&b, personality, 0);
            } else if (*a == 'S')
                e->signal_frame = true;
            else
                break; /* the length takes us past what we do not know */
        }
        b.p = data;
        skip(&b, length);
    } else if (*augmentation) {
        return false;
    }
    e->common = b;
    return true;
}

static bool parse_entry(struct entry *e, const cci_module_t *m, uintptr_t at, uintptr_t site)
{
    struct bytes b      = record_at(m, at);
    uintptr_t    anchor = (uintptr_t)b.p; /* where the distance to the CIE stands */
    uint32_t     back   = (uint32_t)read_fixed(&b, 4);

    *e = (struct entry){ 0 };
    if (back == 0 || !parse_common(e, m, anchor - back))
        return false;
    e->start       = read_pointer(&b, e->encoding, 0);
    uint64_t range = read_pointer(&b, e->encoding & PE_FORMAT, 0);
    if (site - e->start >= range)
        return false;
    if (e->sized)
        skip(&b, read_uleb(&b));
    e->own = b;
    return true;
}

/* ---- running the instructions ---- */

typedef enum { SAVED_NOT, SAVED_AT_CFA, SAVED_AT_BP, SAVED_ELSEWHERE } saved_t;

struct row {
    uint8_t cfa; /* cci_cfa_kind_t; CCI_CFA_NONE = by a way not followed */
    int64_t cfa_offset;
    saved_t bp;
    int64_t bp_offset;
    bool    ra_usual; /* the return address is at cfa - 8 */
};

enum { REMEMBERED_MAX = 8 };

struct machine {
    struct row now, initial, remembered[REMEMBERED_MAX];
    unsigned   depth;
    bool       broken;
};

static void set_cfa(struct row *r, uint64_t reg, int64_t offset)
{
    r->cfa        = reg == DWARF_SP ? CCI_CFA_SP : reg == DWARF_BP ? CCI_CFA_BP : CCI_CFA_NONE;
    r->cfa_offset = offset;
}

static void set_offset(struct row *r, uint64_t reg, int64_t offset)
{
    if (reg == DWARF_BP) {
        r->bp        = SAVED_AT_CFA;
        r->bp_offset = offset;
    } else if (reg == DWARF_RA) {
        r->ra_usual = offset == -8;
    }
}

static void set_elsewhere(struct row *r, uint64_t reg)
{
    if (reg == DWARF_BP)
        r->bp = SAVED_ELSEWHERE;
    else if (reg == DWARF_RA)
        r->ra_usual = false;
}

static void set_restored(struct row *r, const struct row *initial, uint64_t reg)
{
    if (reg == DWARF_BP) {
        r->bp        = initial->bp;
        r->bp_offset = initial->bp_offset;
    } else if (reg == DWARF_RA) {
        r->ra_usual = initial->ra_usual;
    }
}

enum { OP_DEREF = 0x06, OP_BREG_BP = 0x70 + DWARF_BP };

/* What gcc writes for a realigned stack: CFA = *(rbp + n), and rbp saved at rbp + n. */
static void set_cfa_expression(struct row *r, struct bytes b)
{
    r->cfa = CCI_CFA_NONE;
    if (read_fixed(&b, 1) != OP_BREG_BP)
        return;
    int64_t offset = read_sleb(&b);
    if (read_fixed(&b, 1) == OP_DEREF && b.p == b.end) {
        r->cfa        = CCI_CFA_BP_DEREF;
        r->cfa_offset = offset;
    }
}

static void set_expression(struct row *r, uint64_t reg, struct bytes b)
{
    set_elsewhere(r, reg);
    if (reg != DWARF_BP || read_fixed(&b, 1) != OP_BREG_BP)
        return;
    int64_t offset = read_sleb(&b);
    if (b.p == b.end) {
        r->bp        = SAVED_AT_BP;
        r->bp_offset = offset;
    }
}

static struct bytes read_block(struct bytes *b)
{
    uint64_t     n     = read_uleb(b);
    struct bytes block = { b->p, b->p };
    skip(b, n);
    block.end = b->p;
    return block;
}

enum { /* DWARF 5, table 7.29 */
       CFA_NOP            = 0x00,
       CFA_SET_LOC        = 0x01,
       CFA_ADVANCE1       = 0x02,
       CFA_ADVANCE2       = 0x03,
       CFA_ADVANCE4       = 0x04,
       CFA_OFFSET_EXT     = 0x05,
       CFA_RESTORE_EXT    = 0x06,
       CFA_UNDEFINED      = 0x07,
       CFA_SAME_VALUE     = 0x08,
       CFA_REGISTER       = 0x09,
       CFA_REMEMBER       = 0x0a,
       CFA_RESTORE_STATE  = 0x0b,
       CFA_DEF            = 0x0c,
       CFA_DEF_REGISTER   = 0x0d,
       CFA_DEF_OFFSET     = 0x0e,
       CFA_DEF_EXPR       = 0x0f,
       CFA_EXPR           = 0x10,
       CFA_OFFSET_SF      = 0x11,
       CFA_DEF_SF         = 0x12,
       CFA_DEF_OFFSET_SF  = 0x13,
       CFA_VAL_OFFSET     = 0x14,
       CFA_VAL_OFFSET_SF  = 0x15,
       CFA_VAL_EXPR       = 0x16,
       CFA_GNU_ARGS_SIZE  = 0x2e,
       CFA_GNU_NEG_OFFSET = 0x2f
};

/* A factored offset, in bytes. */
static int64_t scaled(const struct entry *e, uint64_t factored)
{
    return (int64_t)(factored * (uint64_t)e->data_align);
}

/* One instruction that changes the row and not the location. */
static void change_row(struct machine *m, const struct entry *e, uint8_t op, struct bytes *b)
{
    struct row *r = &m->now;
    uint64_t    reg;

    switch (op) {
    case CFA_NOP:
        break;
    case CFA_OFFSET_EXT:
        reg = read_uleb(b);
        set_offset(r, reg, scaled(e, read_uleb(b)));
        break;
    case CFA_OFFSET_SF:
        reg = read_uleb(b);
        set_offset(r, reg, scaled(e, (uint64_t)read_sleb(b)));
        break;
    case CFA_GNU_NEG_OFFSET:
        reg = read_uleb(b);
        set_offset(r, reg, scaled(e, -read_uleb(b)));
        break;
    case CFA_RESTORE_EXT:
        set_restored(r, &m->initial, read_uleb(b));
        break;
    case CFA_UNDEFINED:
        set_elsewhere(r, read_uleb(b));
        break;
    case CFA_SAME_VALUE:
        reg = read_uleb(b);
        if (reg == DWARF_BP)
            r->bp = SAVED_NOT;
        break;
    case CFA_REGISTER:
    case CFA_VAL_OFFSET:
    case CFA_VAL_OFFSET_SF:
        set_elsewhere(r, read_uleb(b));
        read_uleb(b);
        break;
    case CFA_VAL_EXPR:
        set_elsewhere(r, read_uleb(b));
        read_block(b);
        break;
    case CFA_EXPR:
        reg = read_uleb(b);
        set_expression(r, reg, read_block(b));
        break;
    case CFA_DEF:
        reg = read_uleb(b);
        set_cfa(r, reg, (int64_t)read_uleb(b));
        break;
    case CFA_DEF_SF:
        reg = read_uleb(b);
        set_cfa(r, reg, scaled(e, (uint64_t)read_sleb(b)));
        break;
    case CFA_DEF_REGISTER:
        set_cfa(r, read_uleb(b), r->cfa_offset);
        break;
    case CFA_DEF_OFFSET:
        r->cfa_offset = (int64_t)read_uleb(b);
        break;
    case CFA_DEF_OFFSET_SF:
        r->cfa_offset = scaled(e, (uint64_t)read_sleb(b));
        break;
    case CFA_DEF_EXPR:
        set_cfa_expression(r, read_block(b));
        break;
    case CFA_GNU_ARGS_SIZE:
        read_uleb(b);
        break;
    case CFA_REMEMBER:
        if (m->depth < REMEMBERED_MAX)
            m->remembered[m->depth] = *r;
        m->depth++;
        break;
    case CFA_RESTORE_STATE:
        m->broken |= m->depth == 0 || m->depth > REMEMBERED_MAX;
        if (!m->broken)
            *r = m->remembered[--m->depth];
        break;
    default:
        m->broken = true;
    }
}

/* How far an instruction moves the location, in units of the code alignment; -1 = it does not. */
static int64_t read_advance(uint8_t op, struct bytes *b)
{
    if (op >> 6 == 1)
        return op & 0x3f;
    switch (op) {
    case CFA_ADVANCE1:
        return (int64_t)read_fixed(b, 1);
    case CFA_ADVANCE2:
        return (int64_t)read_fixed(b, 2);
    case CFA_ADVANCE4:
        return (int64_t)read_fixed(b, 4);
    default:
        return -1;
    }
}

/* Run until the location passes site. */
static void run(struct machine *m, const struct entry *e, struct bytes b, uintptr_t site)
{
    uintptr_t location = e->start;

    while (b.p < b.end && !m->broken) {
        uint8_t op      = *b.p++;
        int64_t advance = read_advance(op, &b);
        if (advance >= 0 || op == CFA_SET_LOC) {
            location = advance >= 0 ? location + (uint64_t)advance * e->code_align
                                    : read_pointer(&b, e->encoding, 0);
            if (location > site)
                return;
        } else if (op >> 6 == 2) {
            set_offset(&m->now, op & 0x3f, scaled(e, read_uleb(&b)));
        } else if (op >> 6 == 3) {
            set_restored(&m->now, &m->initial, op & 0x3f);
        } else {
            change_row(m, e, op, &b);
        }
    }
}

static cci_unwind_rule_t rule_of_row(const struct row *r)
{
    static const uint8_t bp_kind[] = {
        [SAVED_NOT] = CCI_BP_SAME, [SAVED_AT_CFA] = CCI_BP_AT_CFA, [SAVED_AT_BP] = CCI_BP_AT_BP
    };

    if (!r->ra_usual || r->bp == SAVED_ELSEWHERE || r->cfa_offset != (int32_t)r->cfa_offset ||
        r->bp_offset != (int16_t)r->bp_offset)
        return (cci_unwind_rule_t){ .cfa = CCI_CFA_NONE };
    return (cci_unwind_rule_t){ .cfa        = r->cfa,
                                .cfa_offset = (int32_t)r->cfa_offset,
                                .bp         = bp_kind[r->bp],
                                .bp_offset  = (int16_t)r->bp_offset };
}

static cci_unwind_rule_t rule_of_entry(const struct entry *e, uintptr_t site)
{
    struct machine m = { .now = { .cfa = CCI_CFA_NONE } };

    if (e->signal_frame)
        return (cci_unwind_rule_t){ .cfa = CCI_CFA_SIGNAL };
    run(&m, e, e->common, UINTPTR_MAX);
    m.initial = m.now;
    run(&m, e, e->own, site);
    return m.broken ? (cci_unwind_rule_t){ .cfa = CCI_CFA_NONE } : rule_of_row(&m.now);
}

cci_unwind_rule_t cci_unwind_rule_in(const cci_module_t *m, uintptr_t site)
{
    cci_unwind_rule_t rule = { .cfa = CCI_CFA_NONE };
    uintptr_t         at   = find_entry(m, site);
    struct entry      entry;

    if (at && parse_entry(&entry, m, at, site))
        rule = rule_of_entry(&entry, site);
    rule.site = site;
    return rule;
}

cci_unwind_rule_t cci_unwind_rule_at(uintptr_t site)
{
    cci_unwind_rule_t rule = frame_pointer_rule;
    cci_module_t      module;

    if (cci_module_find(site, &module))
        return cci_unwind_rule_in(&module, site);
    rule.site = site;
    return rule;
}

/* Linux: a handler returns to __restore_rt with the stack pointer at the ucontext. */
bool cci_unwind_signal_frame(cci_frame_t *frame, const cci_stack_bounds_t *bounds)
{
    uintptr_t at = frame->sp + offsetof(ucontext_t, uc_mcontext);

    if (!cci_stack_holds(bounds, at) || bounds->high - at < sizeof(mcontext_t))
        return false;
    const mcontext_t *context = (const mcontext_t *)at;
    frame->pc                 = (uintptr_t)context->gregs[REG_RIP] + 1;
    frame->sp                 = (uintptr_t)context->gregs[REG_RSP];
    frame->bp                 = (uintptr_t)context->gregs[REG_RBP];
    return frame->pc > 4096;
}

#endif
