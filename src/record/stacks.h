/* SPDX-License-Identifier: MIT */
/* record/stacks.h - the stack of an allocation as one number, per thread.
 *
 * Stacks form a tree: a node is a return address under the node of its caller, and a stack is its
 * innermost node. A node is written to the trace once, when it is first met.
 *
 * A walk is decided by the registers it begins with and the words of memory it reads. So a stack
 * that was walked before can be recognised without walking: same registers, and the same words still
 * in the same places. That needs no tables, and no load waits for another. It is used twice:
 *
 *   memo   whole stacks, found by malloc's caller and stack pointer; most allocations end here.
 *   last   the stack walked last. A walk goes outward only until it meets a frame of that one with
 *          the same registers, and then follows it as far as its words are unchanged.
 *
 * Both are exact. Rejected: comparing a few frames only (wrong stacks), patching return addresses
 * (aborts programs).
 *
 * Invariant: frame[0] is the outermost of the last stack, frame[depth-1] the innermost, and
 * frame[i].node is the node of frame[0..i]. depth is 0 when the last walk cannot be relied on.
 */
#ifndef CCI_RECORD_STACKS_H
#define CCI_RECORD_STACKS_H
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "prim/unwind.h"
#include "trace/format.h"

struct cci_thread;

typedef struct cci_stack_frame {
    cci_frame_t at;
    uint64_t    hash;              /* of the return addresses from the outermost to this one */
    uintptr_t   bp_slot, cfa_slot; /* of cci_unwind_step_t */
    uint32_t    node;
    bool        needs_bp;   /* the step from here used at.bp                          */
    bool        bp_matters; /* it, or one further out, did                            */
    bool        more_words; /* the return address is not all that decides this step   */
} cci_stack_frame_t;

typedef struct cci_word {
    uintptr_t at, value;
} cci_word_t;

enum { CCI_MEMO_WORDS = 60, CCI_MEMO_WAYS = 4, CCI_MEMO_SETS = 64 };

/* A whole stack: with these registers and these words, it is node. */
typedef struct cci_memo {
    cci_frame_t innermost;
    uint32_t    node; /* 0 = empty */
    uint16_t    words;
    bool        bp_matters;
    cci_word_t  word[CCI_MEMO_WORDS]; /* innermost first */
} cci_memo_t;

typedef struct cci_memo_set {
    cci_memo_t way[CCI_MEMO_WAYS];
    uint32_t   oldest;
} cci_memo_set_t;

typedef struct cci_tree_entry {
    uintptr_t pc;
    uint32_t  parent;
    uint32_t  node; /* 0 = empty */
} cci_tree_entry_t;

typedef struct cci_known_module {
    uintptr_t start, end, bias;
} cci_known_module_t;

enum { CCI_MODULES_MAX = 512 };

typedef struct cci_stacks {
    cci_stack_bounds_t bounds; /* of the thread's own stack */
    uint32_t           depth;
    uint32_t           epoch; /* of the loaded modules, see cci_modules_changed */
    uint32_t           next_node;
    uint32_t           tree_used, tree_size; /* a power of two */
    cci_tree_entry_t  *tree;
    uint32_t          *tree_hash; /* of each entry; only looked at when the tree grows */
    uint32_t           next_module, modules;
    cci_known_module_t module[CCI_MODULES_MAX];
    uint32_t           module_id[CCI_MODULES_MAX];
    cci_stack_frame_t  frame[CCI_STACK_MAX];
    cci_stack_frame_t  scratch[CCI_STACK_MAX]; /* a walk in progress, innermost first: the
                                                * program's own stack may be small */
    char               path[PATH_MAX];         /* the same goes for a module's name */
    cci_memo_set_t     memo[CCI_MEMO_SETS];
    cci_unwind_cache_t unwind;
} cci_stacks_t;

/* Ready for a thread whose memory is zero. False: no memory. */
bool cci_stacks_init(cci_stacks_t *s);
void cci_stacks_fini(cci_stacks_t *s);

/* The node of the stack that begins at *innermost (malloc's caller), written to the thread's chunk
 * as far as it is new; 0 for a thread without stacks. False when there was no room for that: the event
 * is lost. errno is kept. */
bool cci_stacks_capture(struct cci_thread *t, const cci_frame_t *innermost, uint32_t *node);

/* A file was unloaded: what is known of addresses holds no longer. Any thread. */
void cci_modules_changed(void);

#endif
