/* SPDX-License-Identifier: MIT */
/* record/stacks.c - see record/stacks.h. */
#include "record/stacks.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "prim/module.h"
#include "prim/stack_bounds.h"
#include "record/thread.h"

static _Atomic uint32_t modules_epoch;

void cci_modules_changed(void)
{
    atomic_fetch_add_explicit(&modules_epoch, 1, memory_order_relaxed);
}

/* ---- the tree of stacks ---- */

enum { TREE_SIZE_FIRST = 1 << 11, TREE_SIZE_MAX = 1 << 24 };

static size_t tree_bytes(uint32_t entries)
{
    return entries * (sizeof(cci_tree_entry_t) + sizeof(uint32_t));
}

/* On failure: no change. */
static bool tree_map(cci_stacks_t *s, uint32_t entries)
{
    void *p =
        mmap(NULL, tree_bytes(entries), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return false;
    madvise(p, tree_bytes(entries), MADV_DONTFORK);
    s->tree      = p;
    s->tree_hash = (uint32_t *)(s->tree + entries);
    s->tree_size = entries;
    return true;
}

/* A stack's hash follows from the addresses alone, not from the nodes they are found at: so the
 * places of all new frames are known at once, and the loads of them need not wait for each other. */
static inline uint64_t tree_hash(uint64_t parent_hash, uintptr_t pc)
{
    uint64_t h = (parent_hash ^ pc) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static inline uint32_t tree_place(const cci_stacks_t *s, uint64_t hash)
{
    return (uint32_t)(hash >> 32) & (s->tree_size - 1);
}

/* Where the node is, or where it belongs. */
static inline uint32_t tree_find(const cci_stacks_t *s, uint64_t hash, uint32_t parent,
                                 uintptr_t pc)
{
    uint32_t i = tree_place(s, hash);

    while (s->tree[i].node && (s->tree[i].pc != pc || s->tree[i].parent != parent))
        i = (i + 1) & (s->tree_size - 1);
    return i;
}

static void tree_put(cci_stacks_t *s, uint64_t hash, cci_tree_entry_t entry)
{
    uint32_t i      = tree_find(s, hash, entry.parent, entry.pc);
    s->tree[i]      = entry;
    s->tree_hash[i] = (uint32_t)(hash >> 32);
}

/* So that the tree is at most half full. On failure: no change. */
static bool tree_grow(cci_stacks_t *s)
{
    const uint32_t          old_size = s->tree_size;
    cci_tree_entry_t *const old      = s->tree;
    const uint32_t *const   old_hash = s->tree_hash;

    if (old_size >= TREE_SIZE_MAX || !tree_map(s, 2 * old_size))
        return false;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].node)
            tree_put(s, (uint64_t)old_hash[i] << 32, old[i]);
    munmap(old, tree_bytes(old_size));
    return true;
}

/* ---- modules ---- */

static bool write_module(cci_thread_t *t, cci_module_t *m)
{
    cci_stacks_t *s    = t->stacks;
    const char   *path = m->path;
    size_t        len  = strlen(path);

    if (len == 0) {
        ssize_t n = readlink("/proc/self/exe", s->path, sizeof s->path);
        path      = s->path;
        len       = n > 0 ? (size_t)n : 0;
    }
    if (len > PATH_MAX)
        len = PATH_MAX;
    cci_module_read_build_id(m);
    if (m->build_id_len > 64)
        m->build_id_len = 64;
    if (!cci_thread_room(t, 64 + m->build_id_len + len))
        return false;
    t->at =
        cci_put_module(t->at, m->start, m->end, m->bias, m->build_id, m->build_id_len, path, len);
    s->next_module++;
    return true;
}

/* The number of the module that holds pc and its bias; 0 for code in no file. False: no room. */
static bool module_of(cci_thread_t *t, uintptr_t pc, uint32_t *id, uintptr_t *bias)
{
    cci_stacks_t *s = t->stacks;
    cci_module_t  m;

    for (uint32_t i = 0; i < s->modules; i++)
        if (pc >= s->module[i].start && pc < s->module[i].end) {
            *id   = s->module_id[i];
            *bias = s->module[i].bias;
            return true;
        }
    *id   = 0;
    *bias = 0;
    if (s->modules == CCI_MODULES_MAX || !cci_module_find(pc, &m))
        return true;
    *id   = s->next_module;
    *bias = m.bias;
    if (!write_module(t, &m))
        return false;
    s->module[s->modules]      = (cci_known_module_t){ m.start, m.end, m.bias };
    s->module_id[s->modules++] = *id;
    return true;
}

/* ---- nodes ---- */

/* f: its hash and address, for its node. */
static bool add_node(cci_thread_t *t, uint32_t parent, cci_stack_frame_t *f)
{
    cci_stacks_t *s = t->stacks;
    uint32_t      module;
    uintptr_t     bias;

    if (s->tree_used >= s->tree_size / 2 && !tree_grow(s) && s->tree_used >= s->tree_size / 4 * 3)
        return false; /* fuller, every search would be long */
    if (!module_of(t, f->at.pc, &module, &bias) || !cci_thread_room(t, CCI_RECORD_MAX))
        return false;
    t->at   = cci_put_node(t->at, parent, module, f->at.pc - bias);
    f->node = s->next_node++;
    tree_put(s, f->hash, (cci_tree_entry_t){ f->at.pc, parent, f->node });
    s->tree_used++;
    return true;
}

static inline bool find_node(cci_thread_t *t, uint32_t parent, cci_stack_frame_t *f)
{
    const cci_stacks_t *s = t->stacks;

    f->node = s->tree[tree_find(s, f->hash, parent, f->at.pc)].node;
    return __builtin_expect(f->node != 0, 1) || add_node(t, parent, f);
}

/* ---- the walk ---- */

/* What was a part of a frame may be anything now, or nothing that has a name. */
static inline __attribute__((no_sanitize("address"))) uintptr_t word_at(uintptr_t address)
{
    return *(const uintptr_t *)address;
}

static bool more_words_changed(const cci_stack_frame_t *f, const cci_stack_frame_t *caller)
{
    return (f->cfa_slot && word_at(f->cfa_slot) != caller->at.sp) ||
           (f->bp_slot && caller->bp_matters && word_at(f->bp_slot) != caller->at.bp);
}

/* Whether the words that led from frame i of the last stack outward are still there: the first
 * frame on the way whose caller is another now, 0 when none is. */
static inline uint32_t first_change(const cci_stack_frame_t *frame, uint32_t i)
{
    for (; i > 0; i--) {
        const cci_stack_frame_t *f = &frame[i], *caller = f - 1;
        if (word_at(caller->at.sp - sizeof(void *)) != caller->at.pc)
            return i;
        if (__builtin_expect(f->more_words, 0) && more_words_changed(f, caller))
            return i;
    }
    return 0;
}

static inline bool same_frame(const cci_stack_frame_t *known, const cci_frame_t *f)
{
    return known->at.sp == f->sp && known->at.pc == f->pc &&
           (!known->bp_matters || known->at.bp == f->bp);
}

/* A walk in progress. */
struct walk {
    cci_stacks_t *s;
    cci_frame_t   f;      /* where it is                                       */
    uint32_t      length; /* frames in s->scratch                              */
    uint32_t      known;  /* frames of the last stack that may still be met    */
    uint32_t      met;    /* frames of the last stack that stay, once it is met */
    bool          opaque; /* cannot be relied on next time                     */
};

/* Frames i to `until` + 1 of the last stack are as they were: pass them, and be at frame `until`.
 * Where bp did not matter until now it was not compared, so it is read again. */
static void pass_known(struct walk *w, uint32_t i, uint32_t until)
{
    uintptr_t bp = w->f.bp;

    for (; i > until && w->length < CCI_STACK_MAX; i--) {
        const cci_stack_frame_t *known = &w->s->frame[i];
        cci_stack_frame_t       *copy  = &w->s->scratch[w->length++];
        *copy                          = *known;
        copy->at.bp                    = bp;
        if (known->bp_slot)
            bp = word_at(known->bp_slot);
    }
    w->f    = w->s->frame[i].at;
    w->f.bp = bp;
}

/* If the walk is at a frame of the last stack, follow that as far as it is unchanged.
 * True: to the end; all the rest is the same. */
static inline bool meet(struct walk *w)
{
    const cci_stack_frame_t *frame = w->s->frame;

    while (w->known > 0 && frame[w->known - 1].at.sp < w->f.sp)
        w->known--;
    if (w->known == 0 || !same_frame(&frame[w->known - 1], &w->f))
        return false;
    uint32_t i      = w->known - 1;
    uint32_t change = first_change(frame, i);
    if (change == 0) {
        w->met = i + 1;
        return true;
    }
    pass_known(w, i, change);
    w->known = change;
    return false;
}

static void walk_outward(struct walk *w, const cci_stack_bounds_t *bounds)
{
    cci_unwind_step_t step;
    bool              more = true;

    while (more && !meet(w) && w->length < CCI_STACK_MAX) {
        cci_stack_frame_t *frame = &w->s->scratch[w->length++];
        frame->at                = w->f;
        more                     = cci_unwind_step(&w->s->unwind, bounds, &w->f, &step);
        frame->bp_slot           = step.bp_slot;
        frame->cfa_slot          = step.cfa_slot;
        frame->needs_bp          = step.needs_bp;
        w->opaque |= step.interrupted || step.open_end;
        if (step.interrupted && !cci_stack_holds(bounds, w->f.sp))
            bounds = &w->s->bounds; /* a handler may have a stack of its own */
    }
}

/* The whole walk, where necessary without the last stack: one that grew too deep to be kept whole
 * loses its outer end, and that is another end than before. */
static struct walk walk_from(cci_stacks_t *s, const cci_frame_t *innermost,
                             const cci_stack_bounds_t *bounds)
{
    struct walk w = { .s = s, .f = *innermost, .known = s->depth };

    walk_outward(&w, bounds);
    if (w.met + w.length > CCI_STACK_MAX) {
        w = (struct walk){ .s = s, .f = *innermost };
        walk_outward(&w, bounds);
    }
    w.opaque |= w.length == CCI_STACK_MAX;
    return w;
}

/* ---- whole stacks ---- */

static inline cci_memo_set_t *memo_set(cci_stacks_t *s, const cci_frame_t *f)
{
    uint64_t h = (f->pc + (f->sp << 20)) * UINT64_C(0x9E3779B97F4A7C15);
    return &s->memo[h >> 32 & (CCI_MEMO_SETS - 1)];
}

static inline bool memo_holds(const cci_memo_t *m, const cci_frame_t *f)
{
    if (m->innermost.pc != f->pc || m->innermost.sp != f->sp ||
        (m->bp_matters && m->innermost.bp != f->bp) || m->node == 0)
        return false;
    for (uint32_t i = 0; i < m->words; i++)
        if (word_at(m->word[i].at) != m->word[i].value)
            return false;
    return true;
}

static inline uint32_t memo_find(cci_memo_set_t *set, const cci_frame_t *f)
{
    for (int i = 0; i < CCI_MEMO_WAYS; i++)
        if (memo_holds(&set->way[i], f))
            return set->way[i].node;
    return 0;
}

/* Remember the last stack; one with too many words is left out. */
static void memo_keep(cci_memo_set_t *set, const cci_stack_frame_t *frame, uint32_t depth)
{
    const cci_stack_frame_t *innermost = &frame[depth - 1];
    cci_memo_t              *m         = &set->way[set->oldest++ % CCI_MEMO_WAYS];
    uint32_t                 n         = 0;

    m->node = 0;
    for (const cci_stack_frame_t *f = innermost; f > frame; f--) {
        const cci_stack_frame_t *caller = f - 1;
        if (n + 3 > CCI_MEMO_WORDS)
            return;
        m->word[n++] = (cci_word_t){ caller->at.sp - sizeof(void *), caller->at.pc };
        if (f->cfa_slot)
            m->word[n++] = (cci_word_t){ f->cfa_slot, caller->at.sp };
        if (f->bp_slot && caller->bp_matters)
            m->word[n++] = (cci_word_t){ f->bp_slot, caller->at.bp };
    }
    m->innermost  = innermost->at;
    m->words      = (uint16_t)n;
    m->bp_matters = innermost->bp_matters;
    m->node       = innermost->node;
}

/* ---- from the walk to the node ---- */

/* frame[i] is new on top of the frames below it: what the next walk wants to know of it. */
static inline void link_frame(cci_stack_frame_t *frame, uint32_t i)
{
    cci_stack_frame_t       *f         = &frame[i];
    const cci_stack_frame_t *caller    = i ? f - 1 : NULL;
    bool                     caller_bp = caller && caller->bp_matters;

    f->bp_matters = f->needs_bp || (!f->bp_slot && caller_bp);
    f->more_words = f->cfa_slot || (f->bp_slot && caller_bp);
}

static void forget_modules(cci_stacks_t *s, uint32_t epoch)
{
    memset(&s->unwind, 0, sizeof s->unwind);
    memset(s->memo, 0, sizeof s->memo);
    memset(s->tree, 0, tree_bytes(s->tree_size));
    s->tree_used = s->modules = s->depth = 0;
    s->epoch                             = epoch;
}

static void hash_walked(cci_stacks_t *s, const struct walk *w)
{
    uint64_t hash = w->met ? s->frame[w->met - 1].hash : 0;

    for (uint32_t i = w->length; i-- > 0;) {
        hash               = tree_hash(hash, s->scratch[i].at.pc);
        s->scratch[i].hash = hash;
        __builtin_prefetch(&s->tree[tree_place(s, hash)]);
    }
}

/* Walk, and put what is new on top of what stays of the last stack. */
static bool capture_walking(cci_thread_t *t, const cci_frame_t *innermost,
                            const cci_stack_bounds_t *bounds, bool *reliable)
{
    cci_stacks_t *s     = t->stacks;
    struct walk   w     = walk_from(s, innermost, bounds);
    uint32_t      depth = w.met;
    uint32_t      last  = depth ? s->frame[depth - 1].node : 0;

    s->depth = 0; /* until it is whole again */
    hash_walked(s, &w);
    while (w.length > 0) {
        cci_stack_frame_t *f = &s->frame[depth];
        *f                   = s->scratch[--w.length];
        link_frame(s->frame, depth++);
        if (!find_node(t, last, f))
            return false;
        last = f->node;
    }
    s->depth  = depth;
    *reliable = !w.opaque;
    return true;
}

/* On a stack we know nothing of, nothing is known to be still mapped next time. */
static bool capture_elsewhere(cci_thread_t *t, const cci_frame_t *innermost, uint32_t *node)
{
    cci_stacks_t      *s      = t->stacks;
    cci_stack_bounds_t bounds = cci_stack_bounds_probe(innermost->sp);
    bool               reliable;

    s->depth = 0;
    if (!capture_walking(t, innermost, &bounds, &reliable))
        return false;
    *node    = s->frame[s->depth - 1].node;
    s->depth = 0;
    return true;
}

static bool capture_here(cci_thread_t *t, const cci_frame_t *innermost, cci_memo_set_t *set,
                         uint32_t *node)
{
    cci_stacks_t *s = t->stacks;
    bool          reliable;

    if (!capture_walking(t, innermost, &s->bounds, &reliable))
        return false;
    *node = s->frame[s->depth - 1].node;
    if (reliable)
        memo_keep(set, s->frame, s->depth);
    else
        s->depth = 0;
    return true;
}

/* What is rare is apart, and called last, so that the rest needs few registers. set: NULL elsewhere
 * than on the thread's own stack. */
static __attribute__((noinline)) bool capture_new(cci_thread_t *t, const cci_frame_t *innermost,
                                                  cci_memo_set_t *set, uint32_t *node)
{
    int  error = errno; /* what is new may have to be asked of the system */
    bool done = set ? capture_here(t, innermost, set, node) : capture_elsewhere(t, innermost, node);

    errno = error;
    return done;
}

static __attribute__((noinline)) bool
capture_after_change(cci_thread_t *t, const cci_frame_t *innermost, uint32_t epoch, uint32_t *node)
{
    forget_modules(t->stacks, epoch);
    return cci_stacks_capture(t, innermost, node);
}

bool cci_stacks_capture(cci_thread_t *t, const cci_frame_t *innermost, uint32_t *node)
{
    cci_stacks_t *s     = t->stacks;
    uint32_t      epoch = atomic_load_explicit(&modules_epoch, memory_order_relaxed);

    if (__builtin_expect(!s, 0)) {
        *node = 0;
        return true;
    }
    if (__builtin_expect(s->epoch != epoch, 0))
        return capture_after_change(t, innermost, epoch, node);
    if (__builtin_expect(innermost->sp - s->bounds.low >= s->bounds.high - s->bounds.low, 0))
        return capture_new(t, innermost, NULL, node);
    cci_memo_set_t *set   = memo_set(s, innermost);
    uint32_t        known = memo_find(set, innermost);
    if (__builtin_expect(known == 0, 0))
        return capture_new(t, innermost, set, node);
    *node = known;
    return true;
}

/* ---- life ---- */

bool cci_stacks_init(cci_stacks_t *s)
{
    s->bounds      = cci_stack_bounds_own();
    s->epoch       = atomic_load_explicit(&modules_epoch, memory_order_relaxed);
    s->next_node   = 1;
    s->next_module = 1;
    return tree_map(s, TREE_SIZE_FIRST);
}

void cci_stacks_fini(cci_stacks_t *s)
{
    if (s->tree)
        munmap(s->tree, tree_bytes(s->tree_size));
    s->tree = NULL;
}
