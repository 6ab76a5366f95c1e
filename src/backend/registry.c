/* SPDX-License-Identifier: MIT */
/* backend/registry.c - the backends that have a name, each opened once.
 *
 * Opening does not lock: threads that come together each make an entry, one publishes its own, the
 * others throw theirs away. dlopen counts, so they all have the same library. It is private
 * (RTLD_LOCAL): these libraries define malloc, and must not become the program's. It is never
 * closed, for blocks outlive any moment to do it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/backend.h"
#include "backend/library.h"
#include "prim/checker.h"
#include "prim/libc.h"
#include "prim/module.h"

static _Atomic(cci_backend_entry_t *) entries[CCI_LIBRARIES];

/* ---- finding the file ---- */

/* The texts of the loader that matter here; there are no codes. */
static const char NOT_THERE[]   = "No such file or directory";
static const char TLS_IS_FULL[] = "static TLS block";

/* "FILE: what happened": of a file that the loader found, that is where it is. */
static void note_refusal(cci_backend_entry_t *e, const char *error)
{
    if (strstr(error, TLS_IS_FULL)) {
        e->installed = true;
        snprintf(e->path, sizeof e->path, "%.*s", (int)strcspn(error, ":"), error);
        snprintf(e->reason, sizeof e->reason,
                 "its thread-local data does not fit into a process that runs: start that with "
                 "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096, or with ccmem run "
                 "--allocator %s",
                 e->backend.name);
    } else {
        snprintf(e->reason, sizeof e->reason, "%s", error);
    }
}

/* The first file that can be opened. NULL: the reason tells of the first that is there. */
static void *open_library(const cci_library_t *library, cci_backend_entry_t *e)
{
    const int flags = RTLD_NOW | RTLD_LOCAL | (library->always_there ? RTLD_NOLOAD : 0);

    for (int i = 0; i < CCI_LIBRARY_FILES_MAX && library->files[i]; i++) {
        void *handle = dlopen(library->files[i], flags);
        if (handle)
            return handle;
        const char *error = dlerror();
        if (error && !strstr(error, NOT_THERE)) {
            note_refusal(e, error);
            return NULL;
        }
    }
    snprintf(e->reason, sizeof e->reason, "not installed: there is no %s", library->files[0]);
    return NULL;
}

/* ---- taking its functions ---- */

/* A function of the library itself: dlsym would also give one of a library it needs, and libc's
 * malloc is not what was asked for. */
static void *own_function(void *handle, const struct link_map *map, const char *name,
                          cci_backend_entry_t *e)
{
    void        *f = dlsym(handle, name);
    cci_module_t m;

    if (f && cci_module_find((uintptr_t)f, &m) && m.bias == map->l_addr)
        return f;
    if (!e->reason[0])
        snprintf(e->reason, sizeof e->reason, "%.400s has no function %s", map->l_name, name);
    return NULL;
}

static void take_functions(const cci_library_t *l, void *handle, const struct link_map *map,
                           cci_backend_entry_t *e)
{
    cc_backend_t *b       = &e->backend;
    void         *aligned = own_function(handle, map, l->alloc_aligned, e);

    b->alloc         = (void *(*)(size_t))own_function(handle, map, l->alloc, e);
    b->calloc        = (void *(*)(size_t, size_t))own_function(handle, map, l->calloc, e);
    b->realloc       = (void *(*)(void *, size_t))own_function(handle, map, l->realloc, e);
    b->free          = (void (*)(void *))own_function(handle, map, l->free, e);
    b->usable_size   = (size_t(*)(const void *))own_function(handle, map, l->usable_size, e);
    b->alloc_aligned = l->wrap_aligned(aligned);
    b->uniform       = l->uniform;
    if (e->reason[0])
        return;
    l->adapt(handle, b, e->version, sizeof e->version);
    b->version = e->version[0] ? e->version : NULL;
}

static void fill_entry(const cci_library_t *library, cci_backend_entry_t *e)
{
    struct link_map *map;
    void            *handle = open_library(library, e);

    if (!handle)
        return;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
        snprintf(e->reason, sizeof e->reason, "%s", dlerror());
        return;
    }
    snprintf(e->path, sizeof e->path, "%s", map->l_name);
    take_functions(library, handle, map, e);
    e->available = e->installed = !e->reason[0];
}

/* Where libc is no file that is loaded, it is in the program, or called otherwise: then the
 * program's malloc is the nearest that there is. */
static void fill_system_by_process(cci_backend_entry_t *e)
{
    e->backend      = cci_backend_process;
    e->backend.name = "system";
    e->reason[0]    = '\0';
    e->available = e->installed = true;
}

/* mi_free is at the address of free, which Valgrind replaces; mi_malloc_aligned_at has no other name,
 * and stays: what it gives out would go to Valgrind's free. */
static bool is_torn_by_valgrind(const cci_library_t *library, cci_backend_entry_t *e)
{
    if (library->always_there || !cci_valgrind_replaces_malloc())
        return false;
    snprintf(e->reason, sizeof e->reason, "Valgrind replaces some of its functions by its own");
    return true;
}

static cci_backend_entry_t *make_entry(const cci_library_t *library)
{
    cci_backend_entry_t *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->backend.name = library->name;
    if (!is_torn_by_valgrind(library, e))
        fill_entry(library, e);
    if (library->always_there) {
        cci_libc_heap_begin();
        if (!e->available)
            fill_system_by_process(e);
    }
    return e;
}

/* ---- asking ---- */

static const cci_backend_entry_t *entry_at(size_t i)
{
    /* Pairs with the exchange below: who sees the entry sees what is in it. */
    cci_backend_entry_t *e = atomic_load_explicit(&entries[i], memory_order_acquire);

    if (e)
        return e;
    cci_backend_entry_t *made = make_entry(&cci_libraries[i]);
    if (!made || atomic_compare_exchange_strong_explicit(
                     &entries[i], &e, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    free(made);
    return e;
}

static bool find_library(const char *name, size_t *index)
{
    for (*index = 0; *index < CCI_LIBRARIES; ++*index)
        if (strcmp(cci_libraries[*index].name, name) == 0)
            return true;
    return false;
}

const cci_backend_entry_t *cci_backend_entry(const char *name)
{
    size_t i;
    return find_library(name, &i) ? entry_at(i) : NULL;
}

const cc_backend_t *cc_backend_find(const char *name, const char **reason)
{
    size_t                     i;
    const char                *why = "not known: there are system, mimalloc, jemalloc and tcmalloc";
    const cci_backend_entry_t *e   = NULL;

    if (find_library(name, &i)) {
        e   = entry_at(i);
        why = e ? e->reason : "out of memory";
    }
    if (e && e->available)
        return &e->backend;
    if (reason)
        *reason = why;
    return NULL;
}

const char *cc_backend_name(size_t index)
{
    return index < CCI_LIBRARIES ? cci_libraries[index].name : NULL;
}
