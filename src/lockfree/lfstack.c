/* SPDX-License-Identifier: MIT */
/* lfstack.c - see ccmem/lfstack.h for the contract.
 *
 * A list, of which the top is changed by compare and swap: to a new node above it, or to the one below.
 * The latter is right only while the top is the node that was looked into, and not another one at the
 * same address. It is, because a node comes in once, and its address is not used again before it was
 * retired and everybody has left who saw it. What a node points to never changes and is followed only by
 * who has taken it, or made it the top.
 *
 * Which operation pairs with which; all changes of the top are read-modify-writes, so each carries on
 * the releases before it:
 *   push: release                       pop, peek: acquire (protect); pop_all: acquire: the node
 *   pop, pop_all: the top, relaxed      the fences of the domain (ccmem/smr_inline.h)
 */
#include <ccmem/lfstack.h>
#include "lockfree/lfstack_meeting.h"
#include "smr/domain.h"

typedef struct cci_lfstack_node cci_lfstack_node_t;

struct cci_lfstack_node {
    cc_smr_node_t       smr;
    cci_lfstack_node_t *below;
    uintptr_t           word;
};

struct cc_lfstack {
    _Alignas(CC_CACHE_LINE_SIZE) _Atomic(cci_lfstack_node_t *) top;
    _Alignas(CC_CACHE_LINE_SIZE) cc_smr_t *smr; /* never changes, as what follows */
    bool          owns_smr;
    cci_meeting_t meeting;
};

/* ---- making and ending ---- */

cc_lfstack_t *cc_lfstack_create(const cc_lfstack_options_t *options)
{
    cc_smr_t     *given = options ? options->smr : NULL;
    cc_lfstack_t *stack = cc_alloc_aligned(sizeof *stack, _Alignof(cc_lfstack_t));

    if (!stack)
        return NULL;
    *stack = (cc_lfstack_t){ .smr = given ? given : cc_smr_create(NULL), .owns_smr = !given };
    if (stack->smr)
        return stack;
    cc_free_aligned(stack, sizeof *stack, _Alignof(cc_lfstack_t));
    return NULL;
}

/* Of what nobody else knows. */
static void free_list(cci_lfstack_node_t *n)
{
    for (cci_lfstack_node_t *below; n; n = below) {
        below = n->below;
        cc_smr_free(n, sizeof *n);
    }
}

void cc_lfstack_destroy(cc_lfstack_t *stack)
{
    if (!stack)
        return;
    free_list(atomic_load_explicit(&stack->top, memory_order_acquire));
    if (stack->owns_smr)
        cc_smr_destroy(stack->smr);
    cc_free_aligned(stack, sizeof *stack, _Alignof(cc_lfstack_t));
}

cc_smr_t *cc_lfstack_smr(const cc_lfstack_t *stack)
{
    return stack->smr;
}

static uint32_t number_of(cc_smr_guard_t *g)
{
    return cci_guard_of(g)->number;
}

/* ---- pushing ---- */

static cci_lfstack_node_t *new_node(cc_smr_guard_t *g, uintptr_t word, cci_lfstack_node_t *below)
{
    cci_lfstack_node_t *n = cc_smr_alloc(g, sizeof *n);

    if (n) {
        n->word  = word;
        n->below = below;
    }
    return n;
}

/* Put what lies from last up to first on top. False: another was faster; *top is what there is now. */
static bool try_put(cc_lfstack_t *stack, cci_lfstack_node_t **top, cci_lfstack_node_t *first,
                    cci_lfstack_node_t *last)
{
    last->below = *top;
    return atomic_compare_exchange_strong_explicit(&stack->top, top, first, memory_order_release,
                                                   memory_order_relaxed);
}

cc_result_t cc_lfstack_push(cc_lfstack_t *stack, uintptr_t word)
{
    cc_smr_guard_t     *g = cc_smr_enter(stack->smr);
    cci_lfstack_node_t *n = g ? new_node(g, word, NULL) : NULL, *top;

    if (n) {
        top = atomic_load_explicit(&stack->top, memory_order_relaxed);
        while (!try_put(stack, &top, n, n) && !cci_meeting_offer(&stack->meeting, number_of(g), n))
            ;
    }
    if (g)
        cc_smr_leave(g);
    return n ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

/* The words one upon the other, the first one lowest; NULL: no memory. */
static cci_lfstack_node_t *pile(cc_smr_guard_t *g, const uintptr_t *words, size_t count,
                                cci_lfstack_node_t **lowest)
{
    cci_lfstack_node_t *first = *lowest = new_node(g, words[0], NULL);

    for (size_t i = 1; first && i < count; i++) {
        cci_lfstack_node_t *n = new_node(g, words[i], first);
        if (!n)
            free_list(first);
        first = n;
    }
    return first;
}

cc_result_t cc_lfstack_push_all(cc_lfstack_t *stack, const uintptr_t *words, size_t count)
{
    if (count == 0)
        return CC_RESULT_OK;
    cc_smr_guard_t *g = cc_smr_enter(stack->smr);
    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_lfstack_node_t *lowest, *first = pile(g, words, count, &lowest);
    cci_lfstack_node_t *top = atomic_load_explicit(&stack->top, memory_order_relaxed);
    while (first && !try_put(stack, &top, first, lowest))
        ;
    cc_smr_leave(g);
    return first ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

/* ---- popping ---- */

/* A node that is in the stack no more, or was never, and goes. */
static bool take_top(cc_lfstack_t *stack, cc_smr_guard_t *g, cci_lfstack_node_t *top,
                     uintptr_t *out)
{
    cci_lfstack_node_t *expected = top;

    if (!atomic_compare_exchange_strong_explicit(&stack->top, &expected, top->below,
                                                 memory_order_relaxed, memory_order_relaxed))
        return false;
    *out = top->word;
    cc_smr_retire(g, top, sizeof *top, NULL);
    return true;
}

static bool take_offered(cc_lfstack_t *stack, cc_smr_guard_t *g, uintptr_t *out)
{
    cci_lfstack_node_t *n = cci_meeting_take(&stack->meeting, number_of(g));

    if (!n)
        return false;
    *out = n->word;
    cc_smr_free(n, sizeof *n);
    return true;
}

static bool pop(cc_lfstack_t *stack, cc_smr_guard_t *g, uintptr_t *out)
{
    cci_lfstack_node_t *top;

    while ((top = cc_smr_protect(g, &stack->top)))
        if (take_top(stack, g, top, out) || take_offered(stack, g, out))
            return true;
    return false;
}

bool cc_lfstack_try_pop(cc_lfstack_t *stack, uintptr_t *out)
{
    cc_smr_guard_t *g = cc_smr_enter(stack->smr);

    if (!g)
        return false;
    bool is_one = pop(stack, g, out);
    cc_smr_leave(g);
    return is_one;
}

/* The top was in the stack when it was read. */
bool cc_lfstack_try_peek(cc_lfstack_t *stack, uintptr_t *out)
{
    cc_smr_guard_t *g = cc_smr_enter(stack->smr);

    if (!g)
        return false;
    const cci_lfstack_node_t *top = cc_smr_protect(g, &stack->top);
    if (top)
        *out = top->word;
    cc_smr_leave(g);
    return top;
}

/* What was the top others may still look into; what lies below, too, if they saw it there. */
static cci_lfstack_node_t *retire_one(cc_lfstack_t *stack, cci_lfstack_node_t *n)
{
    cci_lfstack_node_t *below = n->below;
    cc_smr_guard_t     *g     = cc_smr_enter(stack->smr);

    cc_smr_retire(g, n, sizeof *n, NULL);
    cc_smr_leave(g);
    return below;
}

/* A section as short as can be each time: visits may be long. The first one makes the thread known. */
size_t cc_lfstack_pop_all(cc_lfstack_t *stack, cc_lfstack_visit_fn *visit, void *context)
{
    size_t          count = 0;
    cc_smr_guard_t *g     = cc_smr_enter(stack->smr);

    if (!g)
        return 0;
    cc_smr_leave(g);
    cci_lfstack_node_t *n = atomic_exchange_explicit(&stack->top, NULL, memory_order_acquire);
    for (; n; count++) {
        const uintptr_t word = n->word;
        n                    = retire_one(stack, n);
        visit(word, context);
    }
    return count;
}

bool cc_lfstack_is_empty(const cc_lfstack_t *stack)
{
    return !atomic_load_explicit(&stack->top, memory_order_relaxed);
}
