/* SPDX-License-Identifier: MIT */
/* demangle.c - see symbols/demangle.h for the contract.
 *
 * The callback forms of libiberty's demanglers print piece by piece into a buffer of ours. The
 * ones that return a string may end the process when memory is short, and a hostile name of 100
 * characters makes them print without end, since a back reference can double what came before.
 * The callback forms have no way to stop either, so the buffer leaves with longjmp when it is
 * full: they hold no lock and keep their tables on the stack. (Rust identifiers in Punycode are
 * the exception, a small block which is lost if the cut falls into one.)
 *
 * The limit of the input bounds stack: the tables grow with the square of the length at worst.
 */
#include "symbols/demangle.h"

#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include <libiberty/demangle.h>

typedef int demangler_fn(const char *, int, demangle_callbackref, void *);

struct text {
    char    bytes[CCI_DEMANGLE_OUTPUT_MAX + 1];
    size_t  length;
    jmp_buf full;
};

static void append(const char *piece, size_t length, void *context)
{
    struct text *t    = context;
    size_t       room = CCI_DEMANGLE_OUTPUT_MAX - t->length;
    size_t       take = length < room ? length : room;

    if (take > 0) /* else piece may be NULL */
        memcpy(t->bytes + t->length, piece, take);
    t->length += take;
    if (take < length)
        longjmp(t->full, 1);
}

/* End a full buffer in "...", not in the middle of a UTF-8 character. */
static void mark_cut(struct text *t)
{
    t->length = CCI_DEMANGLE_OUTPUT_MAX - 3;
    while (t->length && ((unsigned char)t->bytes[t->length] & 0xc0) == 0x80)
        t->length--;
    memcpy(t->bytes + t->length, "...", 3);
    t->length += 3;
}

static bool demangle_by(demangler_fn *demangler, const char *name, int options, struct text *t)
{
    t->length = 0;
    if (setjmp(t->full)) {
        mark_cut(t);
        return true;
    }
    return demangler(name, options, append, t) && t->length;
}

static void copy_raw(const char *name, struct text *t)
{
    t->length = strnlen(name, CCI_DEMANGLE_OUTPUT_MAX + 1);
    if (t->length <= CCI_DEMANGLE_OUTPUT_MAX) {
        memcpy(t->bytes, name, t->length);
    } else {
        memcpy(t->bytes, name, CCI_DEMANGLE_OUTPUT_MAX);
        mark_cut(t);
    }
}

/* Rust first: the names of its older scheme are also well-formed C++, with a hash at the end. */
static bool demangle(const char *name, struct text *t)
{
    const int options = DMGL_PARAMS | DMGL_ANSI;

    if (strnlen(name, CCI_DEMANGLE_INPUT_MAX + 1) > CCI_DEMANGLE_INPUT_MAX)
        return false;
    /* Our limit of the length replaces libiberty's of the depth, which gives up at half of it. */
    return demangle_by(rust_demangle_callback, name, options, t) ||
           demangle_by(cplus_demangle_v3_callback, name, options | DMGL_NO_RECURSE_LIMIT, t);
}

const char *cci_demangle(cci_store_t *store, const char *name)
{
    struct text t;

    if (!demangle(name, &t))
        copy_raw(name, &t);
    return cci_store_text(store, t.bytes, t.length);
}
