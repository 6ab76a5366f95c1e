/* SPDX-License-Identifier: MIT */
/* lockfree/tower.h - the nodes of a skip list: how they are linked, marked and given up.
 *
 * A link is a pointer to the next node on its level and, in the lowest bit, a mark: the node that has
 * the link is out of the map. A marked link never changes again. Levels are linked from the bottom up
 * and marked from the top down, so that who comes down a tower whose upper level is not marked finds
 * the lower one linked, unless it is marked by then. The mark of level 0 decides: whoever sets it has
 * taken the node out.
 *
 * A node may be retired when it is on no level and never will be, which its remover knows only if the
 * thread that put it in is done with the upper levels. Each says so when it is (CCI_REMOVED, CCI_RAISED);
 * the second one of the two unlinks it, having seen all that the first one did, and gives up the hold of
 * the map. Iterators have holds, too; with the last one the node is retired. One that counts the levels
 * on which a node is linked needs an atomic operation for each where this one needs one for all, and
 * none for a node of one level.
 *
 * A replacing node takes the place behind the old one by the operation that marks that: there is no
 * moment without either, and whoever unlinks the old one links the new one.
 *
 * Which operation pairs with which; on level 0 all are sequentially consistent, so that operations of
 * different threads on different keys are in one order, too:
 *   link: acq_rel         the acquiring load of who follows it: key, value, lower links
 *   mark: acq_rel         the acquiring load of who unlinks
 *   unlink: acq_rel       the next change of that link: so marks are seen by all who see what comes after
 *   RAISED: acq_rel       the remover's load or CCI_REMOVED: links are seen by the search that follows
 *   REMOVED: acq_rel      CCI_RAISED: marks are seen by the search that follows
 *   let go: acq_rel       the last one to let go: whoever held it has read
 */
#ifndef CCI_LOCKFREE_TOWER_H
#define CCI_LOCKFREE_TOWER_H
#include <ccmem/smr.h>
#include <stdatomic.h>

enum { CCI_LEVELS_MAX = 32 };

/* A pointer to a node, and the mark. */
typedef _Atomic uintptr_t cci_link_t;

#define CCI_MARK ((uintptr_t)1)

/* Up to four levels are in one line with the key. */
typedef struct cci_tower {
    cc_smr_node_t    smr;
    uintptr_t        key, value;
    uint32_t         height;
    _Atomic uint32_t life;
    cci_link_t       next[];
} cci_tower_t;
_Static_assert(offsetof(cci_tower_t, next) >= 2 * sizeof(cci_link_t), "cci_link_word");

/* A link as a number; with a negative level a word of the node in front of its links, of which there are
 * two at least: who walks down need not look first whether there is a level below. Acquiring. */
static inline uintptr_t cci_link_word(const cci_link_t *links, intptr_t level)
{
    typedef const uintptr_t __attribute__((may_alias)) word_t;

    return __atomic_load_n((word_t *)links + level, __ATOMIC_ACQUIRE);
}

/* Of life; the rest counts holds. */
enum { CCI_RAISED = 1, CCI_REMOVED = 2, CCI_HOLD = 4 };

static inline bool cci_is_marked(uintptr_t link)
{
    return link & CCI_MARK;
}

static inline cci_tower_t *cci_tower_at(uintptr_t link)
{
    return (cci_tower_t *)(link & ~CCI_MARK);
}

static inline uintptr_t cci_link_to(const cci_tower_t *t)
{
    return (uintptr_t)t;
}

static inline cci_tower_t *cci_tower_of(cci_link_t *next)
{
    return (cci_tower_t *)((char *)next - offsetof(cci_tower_t, next));
}

/* A protected read, acquiring. */
static inline uintptr_t cci_follow(cc_smr_guard_t *g, const cci_link_t *link)
{
    return (uintptr_t)cc_smr_protect(g, (const void *)link);
}

/* The link as it is in the one order of all changes of level 0. */
static inline uintptr_t cci_look(cci_link_t *link)
{
    return atomic_load_explicit(link, memory_order_seq_cst);
}

/* From one node, or none, to another; false: it is another, or is marked. */
static inline bool cci_relink(cci_link_t *link, const cci_tower_t *from, uintptr_t to)
{
    uintptr_t expected = cci_link_to(from);

    return atomic_compare_exchange_strong_explicit(link, &expected, to, memory_order_seq_cst,
                                                   memory_order_relaxed);
}

/* Mark all levels but the lowest. */
void cci_tower_mark_upper(cci_tower_t *t);

/* Mark level 0; true: it was this call, and the node is out. */
bool cci_tower_take(cci_tower_t *t);

/* The same, with another in its place, which nobody knows yet. */
bool cci_tower_replace(cci_tower_t *old, cci_tower_t *by);

/* Keep a node from being retired beyond the section; false: it is too late. */
bool cci_tower_hold(cci_tower_t *t);

/* True: it was the last hold, and the node is to be retired. */
static inline bool cci_tower_let_go(cci_tower_t *t)
{
    return atomic_fetch_sub_explicit(&t->life, CCI_HOLD, memory_order_acq_rel) / CCI_HOLD == 1;
}

#endif
