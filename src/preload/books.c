/* SPDX-License-Identifier: MIT */
/* preload/books.c - see preload/books.h.
 *
 * Each allocator is asked through its own interface, which is looked for in the file that malloc is
 * from: libc's books say nothing of another allocator's heap. What a call takes is in the comments;
 * each of them takes the allocator's locks one after the other.
 */
#include "preload/books.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "preload/real.h"
#include "prim/module.h"

typedef struct mallinfo2 mallinfo2_t(void);
typedef int              malloc_info_t(int options, FILE *out);
typedef int  mallctl_t(const char *name, void *old, size_t *old_size, void *new, size_t new_size);
typedef void mi_process_info_t(size_t *elapsed_ms, size_t *user_ms, size_t *system_ms,
                               size_t *current_rss, size_t *peak_rss, size_t *current_commit,
                               size_t *peak_commit, size_t *page_faults);
typedef int  tc_property_t(const char *property, size_t *value);

static struct {
    mallinfo2_t       *mallinfo2;
    malloc_info_t     *malloc_info;
    mallctl_t         *mallctl;
    mi_process_info_t *mi_process_info;
    tc_property_t     *tc_property;
} books;

static bool is_of_malloc(const void *function)
{
    cci_module_t mine, mallocs;

    return function && cci_module_find((uintptr_t)function, &mine) &&
           cci_module_find((uintptr_t)cci_real.malloc, &mallocs) && mine.start == mallocs.start;
}

/* Weak, so that the linker looks for them when the program starts: dlsym would allocate a message
 * for each that is not there, which the program's own calls free later. */
extern mallinfo2_t       mallinfo2 __attribute__((weak));
extern malloc_info_t     malloc_info __attribute__((weak));
extern mallctl_t         mallctl __attribute__((weak));
extern mi_process_info_t mi_process_info __attribute__((weak));
extern tc_property_t     MallocExtension_GetNumericProperty __attribute__((weak));

#define OF_MALLOC(function) (is_of_malloc((const void *)(uintptr_t)(function)) ? (function) : NULL)

void cci_books_find(void)
{
    books.mallinfo2       = OF_MALLOC(mallinfo2);
    books.malloc_info     = OF_MALLOC(malloc_info);
    books.mallctl         = OF_MALLOC(mallctl);
    books.mi_process_info = OF_MALLOC(mi_process_info);
    books.tc_property     = OF_MALLOC(MallocExtension_GetNumericProperty);
}

static cci_books_t unknown(cci_books_kind_t kind)
{
    return (cci_books_t){ kind,
                          CCI_BOOKS_UNKNOWN,
                          CCI_BOOKS_UNKNOWN,
                          CCI_BOOKS_UNKNOWN,
                          CCI_BOOKS_UNKNOWN,
                          CCI_BOOKS_UNKNOWN };
}

/* ---- glibc: walks the free blocks ---- */

/* The largest to="..." of the bins, which are all in one text. */
static uint64_t largest_of(const char *text)
{
    static const char FIELD[] = " to=\"";
    uint64_t          largest = 0;

    for (const char *at = text; (at = strstr(at, FIELD)) != NULL;) {
        at += sizeof FIELD - 1;
        uint64_t bytes = strtoull(at, NULL, 10);
        largest        = bytes > largest ? bytes : largest;
    }
    return largest;
}

/* Opens a stream, which allocates and takes a lock of the C library: only where the program does
 * nothing any more. */
static uint64_t largest_free_block(uint64_t top)
{
    char  *text = NULL;
    size_t n    = 0;
    FILE  *out  = open_memstream(&text, &n);

    if (!out)
        return CCI_BOOKS_UNKNOWN;
    int      r     = books.malloc_info(0, out);
    bool     whole = fclose(out) == 0 && r == 0;
    uint64_t bins  = whole ? largest_of(text) : CCI_BOOKS_UNKNOWN;
    free(text);
    return bins > top ? bins : top;
}

/* Blocks of their own mapping have no free space; the main arena's end is `keepcost`. */
static cci_books_t read_glibc(bool at_end)
{
    struct mallinfo2 i = books.mallinfo2();
    cci_books_t      b = unknown(CCI_BOOKS_GLIBC);

    b.held   = i.arena + i.hblkhd;
    b.used   = i.uordblks + i.hblkhd;
    b.top    = i.keepcost;
    b.blocks = i.ordblks + i.smblks;
    if (at_end && books.malloc_info)
        b.largest = largest_free_block(b.top);
    return b;
}

/* ---- mimalloc: knows what it committed, not what of that is in use ---- */

static cci_books_t read_mimalloc(void)
{
    size_t      elapsed, user, system, rss, peak_rss, commit = 0, peak_commit, faults;
    cci_books_t b = unknown(CCI_BOOKS_MIMALLOC);

    books.mi_process_info(&elapsed, &user, &system, &rss, &peak_rss, &commit, &peak_commit,
                          &faults);
    b.held = commit;
    return b;
}

/* ---- jemalloc: adds up its arenas' and bins' counters ---- */

static bool ask_jemalloc(const char *name, uint64_t *out)
{
    size_t value, size = sizeof value;

    if (books.mallctl(name, &value, &size, NULL, 0) != 0)
        return false;
    *out = value;
    return true;
}

/* Pages that hold no block, but were not given back either, count as held. */
static bool read_jemalloc(cci_books_t *out)
{
    uint64_t epoch = 1, resident, metadata;

    *out = unknown(CCI_BOOKS_JEMALLOC);
    if (books.mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) != 0 ||
        !ask_jemalloc("stats.allocated", &out->used) ||
        !ask_jemalloc("stats.resident", &resident) || !ask_jemalloc("stats.metadata", &metadata))
        return false; /* built without statistics */
    out->held = resident > metadata ? resident - metadata : 0;
    return true;
}

/* ---- tcmalloc: adds up its caches ---- */

static bool read_tcmalloc(cci_books_t *out)
{
    size_t used, heap, unmapped;

    *out = unknown(CCI_BOOKS_TCMALLOC);
    if (!books.tc_property("generic.current_allocated_bytes", &used) ||
        !books.tc_property("generic.heap_size", &heap) ||
        !books.tc_property("tcmalloc.pageheap_unmapped_bytes", &unmapped))
        return false;
    out->used = used;
    out->held = heap - unmapped;
    return true;
}

bool cci_books_read(cci_books_t *out, bool at_end)
{
    if (books.mallctl)
        return read_jemalloc(out);
    if (books.tc_property)
        return read_tcmalloc(out);
    if (books.mi_process_info)
        *out = read_mimalloc();
    else if (books.mallinfo2)
        *out = read_glibc(at_end);
    else
        return false;
    return true;
}
