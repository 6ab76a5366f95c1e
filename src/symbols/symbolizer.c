/* SPDX-License-Identifier: MIT */
/* symbolizer.c - see symbols/symbolizer.h for the contract.
 *
 * A module is opened by its first lookup: traces name every library of a process, reports ask
 * for few. Every answer is kept, as a report asks for the same return addresses for thousands of
 * stacks. Answers are kept by module, which makes the key one number.
 */
#include "symbols/symbolizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/index.h"
#include "symbols/demangle.h"
#include "symbols/image.h"
#include "symbols/scopes.h"
#include "symbols/store.h"
#include "symbols/symtab.h"

struct answer {
    uint64_t            vaddr;
    cci_symbol_frames_t frames;
};

struct answers {
    struct answer *answer;
    size_t         count, capacity;
    cci_index_t    index;
};

struct module {
    cci_symbol_module_t id; /* in the store */
    bool                opened;
    cci_image_t         image; /* none when nothing usable was found */
    cci_symtab_t        symtab;
    cci_scopes_t        scopes;
    struct answers      answers;
};

struct cci_symbolizer {
    cci_image_search_t search;
    cci_store_t        store;
    struct module    **module; /* by pointer: scopes point into the image */
    size_t             count, capacity;
    void (*warn)(void *context, const char *path, const char *why);
    void *warn_context;
};

static bool same_address(const void *items, uint32_t item, const void *key)
{
    return ((const struct answer *)items)[item].vaddr == *(const uint64_t *)key;
}

static const struct answer *find_answer(const struct answers *a, uint64_t vaddr)
{
    uint32_t i;

    return cci_index_find(&a->index, cci_hash_mix(0, vaddr), same_address, a->answer, &vaddr, &i)
               ? &a->answer[i]
               : NULL;
}

static bool keep_answer(struct answers *a, uint64_t vaddr, cci_symbol_frames_t frames)
{
    struct answer *grown = cci_array_room(a->answer, a->count, &a->capacity, sizeof *grown);

    if (!grown)
        return false;
    a->answer = grown;
    if (a->count >= UINT32_MAX ||
        !cci_index_add(&a->index, cci_hash_mix(0, vaddr), (uint32_t)a->count))
        return false;
    grown[a->count++] = (struct answer){ vaddr, frames };
    return true;
}

static void close_module(struct module *m)
{
    cci_scopes_close(&m->scopes);
    cci_symtab_fini(&m->symtab);
    cci_image_close(&m->image);
}

static void free_module(struct module *m)
{
    close_module(m);
    free(m->answers.answer);
    cci_index_fini(&m->answers.index);
    free(m);
}

static void warn_mismatch(const cci_symbolizer_t *s, const struct module *m)
{
    if (s->warn)
        s->warn(s->warn_context, m->id.path,
                m->image.module ? "the file has another build-id than the recorded one; "
                                  "using separate debug information with the recorded one"
                                : "the file has another build-id than the recorded one; "
                                  "its functions stay unnamed");
}

/* Open the file of m and read its symbols; finding none is success. */
static bool open_module(cci_symbolizer_t *s, struct module *m)
{
    bool        mismatch;
    cc_result_t r = cci_image_open(&m->image, &s->search, &m->id, &mismatch);

    if (r == CC_RESULT_OK &&
        (!cci_symtab_read(&m->symtab, &m->image) || !cci_scopes_open(&m->scopes, &m->image))) {
        close_module(m);
        r = CC_RESULT_NO_MEMORY;
    }
    if (mismatch && r != CC_RESULT_NO_MEMORY)
        warn_mismatch(s, m);
    m->opened = r != CC_RESULT_NO_MEMORY;
    return m->opened;
}

static bool same_module(const cci_symbol_module_t *a, const cci_symbol_module_t *b)
{
    if (!a->path != !b->path || (a->path && strcmp(a->path, b->path) != 0))
        return false;
    return a->build_id_len == b->build_id_len &&
           (a->build_id_len == 0 || memcmp(a->build_id, b->build_id, a->build_id_len) == 0);
}

static struct module *new_module(cci_store_t *store, const cci_symbol_module_t *id)
{
    struct module *m        = calloc(1, sizeof *m);
    uint8_t       *build_id = cci_store_alloc(store, id->build_id_len);
    const char    *path     = id->path ? cci_store_text(store, id->path, strlen(id->path)) : NULL;

    if (!m || !build_id || (id->path && !path)) {
        free(m);
        return NULL;
    }
    if (id->build_id_len)
        memcpy(build_id, id->build_id, id->build_id_len);
    m->id = (cci_symbol_module_t){ path, build_id, id->build_id_len };
    return m;
}

static bool find_frames(cci_symbolizer_t *s, struct module *m, uint64_t vaddr,
                        cci_symbol_frames_t *out)
{
    if (!m->opened && !open_module(s, m))
        return false;
    return cci_scopes_find(&m->scopes, &s->store, &m->symtab, vaddr, out);
}

cci_symbolizer_t *cci_symbolizer_create(const cci_symbolizer_options_t *options)
{
    static const cci_symbolizer_options_t by_default = { 0 };
    cci_symbolizer_t                     *s          = calloc(1, sizeof *s);

    if (!options)
        options = &by_default;
    if (!s || !cci_image_search_init(&s->search, options)) {
        free(s);
        return NULL;
    }
    s->warn         = options->warn;
    s->warn_context = options->warn_context;
    return s;
}

void cci_symbolizer_destroy(cci_symbolizer_t *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free_module(s->module[i]);
    free(s->module);
    cci_store_fini(&s->store);
    cci_image_search_fini(&s->search);
    free(s);
}

bool cci_symbolizer_add_module(cci_symbolizer_t *s, const cci_symbol_module_t *module,
                               uint32_t *index)
{
    for (size_t i = 0; i < s->count; i++) {
        if (same_module(&s->module[i]->id, module)) {
            *index = (uint32_t)i;
            return true;
        }
    }
    struct module **grown = cci_array_room(s->module, s->count, &s->capacity, sizeof *grown);
    if (!grown)
        return false;
    s->module       = grown;
    grown[s->count] = new_module(&s->store, module);
    if (!grown[s->count])
        return false;
    *index = (uint32_t)s->count++;
    return true;
}

bool cci_symbolizer_lookup(cci_symbolizer_t *s, uint32_t module, uint64_t vaddr,
                           bool is_return_address, cci_symbol_frames_t *out)
{
    assert(module < s->count);
    struct module *m  = s->module[module];
    uint64_t       at = vaddr - (is_return_address && vaddr > 0);

    const struct answer *known = find_answer(&m->answers, at);
    if (known) {
        *out = known->frames;
        return true;
    }
    cci_symbol_frames_t frames;
    if (!find_frames(s, m, at, &frames) || !keep_answer(&m->answers, at, frames))
        return false;
    *out = frames;
    return true;
}
