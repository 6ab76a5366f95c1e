/* SPDX-License-Identifier: MIT */
/* ccmem/smr.h - safe memory reclamation: when a node that others may still read can be freed.
 *
 * For structures that are read without a lock: one thread takes a node out, others are still
 * reading it, and whoever frees it has to know that they are done. Readers say when they enter and
 * leave; a node that was taken out is retired, and freed when no reader can have it. With a lock
 * around all of a structure none of this is needed.
 *
 * Example:
 *   struct node { cc_smr_node_t smr; int value; } *shared = NULL;
 *   cc_smr_t *domain = cc_smr_create(NULL);
 *   cc_smr_guard_t *g = domain ? cc_smr_enter(domain) : NULL;
 *   if (g) {
 *       struct node *n = cc_smr_alloc(g, sizeof *n);
 *       if (n) {
 *           n->value = 1;
 *           __atomic_store_n(&shared, n, __ATOMIC_RELEASE);
 *       }
 *       struct node *seen = cc_smr_protect(g, &shared);
 *       if (seen)
 *           assert(seen->value == 1); // it stays readable until cc_smr_leave
 *       n = __atomic_exchange_n(&shared, NULL, __ATOMIC_ACQ_REL);
 *       if (n)
 *           cc_smr_retire(g, n, sizeof *n, NULL);
 *       cc_smr_leave(g);
 *   }
 *   if (domain)
 *       cc_smr_destroy(domain);
 *
 * The rule of IBR, and the one that is broken most: a pointer that was read out of a node says nothing
 * once that node was taken out of the structure. Before it is followed, make sure of the opposite:
 * unlink the node yourself, or read again that its predecessor, which was in, still points to it. Under
 * EBR the rule need not be kept.
 *
 * Units    sizes are bytes; eras count up from 1, by allocations and retirements.
 * Failure  NULL: out of memory. cc_smr_leave, cc_smr_protect and cc_smr_retire cannot fail.
 *          A node that is retired twice, cc_smr_barrier or cc_smr_destroy within a section, a thread that
 *          ends within a callback: one line on stderr and abort.
 * Threads  any number; a thread becomes known to a domain when it enters for the first time, and its
 *          retired nodes are freed by others when it is away. A section is of one thread. In the
 *          child of a fork the other threads have left, and what those had retired that were in a
 *          section is lost. Not for signal handlers.
 * Progress enter, leave: wait-free, but that they wait while another thread's poll or barrier looks what
 *          this one retired; protect: lock-free, and wait-free within an era; retire:
 *          wait-free but for the allocation of a block in 127 calls.
 * Bound    IBR: a reader that never leaves holds the nodes that were there when it last read, and
 *          those that threads allocated within that era, era_step each; all others are freed. A thread
 *          keeps at most 1.5 times what readers hold, and twice scan_step, before it looks again. So a
 *          section that goes on reading for long, like a walk through all there is, should leave
 *          and enter again now and then. EBR: one reader that never leaves holds everything.
 * Source   2GE-IBR: Wen, Izraelevitz, Cai, Beadle, Scott, "Interval-Based Memory Reclamation", PPoPP
 *          2018, with other fences: docs/design/smr.md. EBR: Fraser, "Practical lock-freedom", 2004.
 */
#ifndef CC_SMR_H
#define CC_SMR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/alloc.h>
#include <ccmem/api.h>
CC_BEGIN

/* Nodes, readers and what is retired, which know nothing of other domains. */
typedef struct cc_smr cc_smr_t;

/* The calling thread within a section. */
typedef struct cc_smr_guard cc_smr_guard_t;

/* The first member of every node; the domain's. */
typedef struct cc_smr_node {
    uint64_t era_;
} cc_smr_node_t;

typedef enum cc_smr_scheme {
    CC_SMR_IBR, /* a reader holds the nodes whose life overlaps with what it read */
    CC_SMR_EBR  /* a reader holds all that is retired while it reads; protect is a load */
} cc_smr_scheme_t;

/* Begin with CC_SMR_OPTIONS_DEFAULT and change what is to be different. */
typedef struct cc_smr_options {
    cc_smr_scheme_t scheme;
    uint32_t        era_step; /* a thread's allocations in an era, at most. At least 1 */
    uint32_t scan_step; /* a thread's retired nodes before it makes sure to free. At least 1 */
    /* Look at each node that is read: one that was freed already is one line on stderr and abort.
     * Freed nodes are kept for a while, for that. Slow. Also CCMEM_SMR_CHECK=1. */
    bool check;
} cc_smr_options_t;

#define CC_SMR_OPTIONS_DEFAULT                                   \
    {                                                            \
        .scheme = CC_SMR_IBR, .era_step = 128, .scan_step = 1024 \
    }

/* What frees a node: cc_smr_free is one. It runs outside all sections of the domain on that thread,
 * and may call any function here but cc_smr_barrier and cc_smr_destroy of the domain. It returns: its
 * thread does not end in it. */
typedef void cc_smr_free_fn(void *node, size_t size);

/* A domain; options NULL: the default. NULL: out of memory, or an option that cannot be. O(1). */
CC_API CC_NODISCARD cc_smr_t *cc_smr_create(const cc_smr_options_t *options);

/* Free what is retired, and the domain; NULL is nothing. No thread is in a section, nor enters one
 * any more. O(threads + retired nodes). */
CC_API void cc_smr_destroy(cc_smr_t *domain);

/* ---- readers ---- */

/* Begin a section, or one within it. NULL: the thread is new to the domain and there is no memory. A few
 * stores where the system has membarrier, otherwise a fence more. */
CC_API CC_NODISCARD cc_smr_guard_t *cc_smr_enter(cc_smr_t *domain);

/* End it: what was protected since may be freed. Frees nodes when enough are retired. O(1), amortised
 * over retired nodes. */
CC_API void cc_smr_leave(cc_smr_guard_t *guard);

/* The word at slot, a pointer to a node or NULL, as an acquiring load; the node may be read until the
 * section ends, if it was not out of the structure yet: see the rule above. slot is changed by
 * atomic operations alone; bits below the pointer's alignment are the caller's. O(1). */
CC_API void *cc_smr_protect(cc_smr_guard_t *guard, const void *slot);

/* ---- writers ---- */

/* A node of size bytes, cc_smr_node_t included, that shares no cache line; uninitialised. NULL: out
 * of memory. Publish it with a release; this thread may read it until its section ends, whatever
 * others do to it then. The cost of cc_alloc_node and a load. */
CC_API CC_NODISCARD void *cc_smr_alloc(cc_smr_guard_t *guard, size_t size);

/* Free a node once no reader can have it. It was taken out of the structure by this thread: no reader
 * finds it any more. callback NULL: cc_smr_free. O(1). */
CC_API void cc_smr_retire(cc_smr_guard_t *guard, void *node, size_t size, cc_smr_free_fn *callback);

/* Free a node of cc_smr_alloc that no reader can have: one that was never in the structure, or as the
 * end of a callback. NULL is nothing. O(1). */
CC_API void cc_smr_free(void *node, size_t size);

/* ---- what is retired ---- */

/* Free what can be freed now, of this thread and of those that are in no section. Within a section
 * nothing is. Returns the nodes freed. O(threads + retired nodes). */
CC_API size_t cc_smr_poll(cc_smr_t *domain);

/* Wait until all that was retired before is freed: for the end, and for tests. It waits for sections
 * that are open now to end. O(threads + retired nodes) and that time. */
CC_API void cc_smr_barrier(cc_smr_t *domain);

/* Ages are eras between a node's birth and the moment it was read, in powers of two. */
enum { CC_SMR_AGES = 32 };

typedef struct cc_smr_stats {
    uint64_t era;
    uint64_t oldest_era;    /* of the section that began first; that of now when there is none */
    uint64_t retired_count; /* since the domain was made */
    uint64_t freed_count;
    uint64_t pending_count;     /* retired, not freed */
    uint64_t lost_count;        /* never freed: no memory to note it, or left behind by a fork */
    size_t   reader_count;      /* threads in a section now */
    size_t   thread_count;      /* that entered once, and live */
    uint64_t ages[CC_SMR_AGES]; /* [0]: of the same era; [i]: 2^(i-1) eras and more. With check */
} cc_smr_stats_t;

/* The figures now; each is right by itself. O(threads). */
CC_API cc_smr_stats_t cc_smr_stats(cc_smr_t *domain);

CC_END
#include <ccmem/smr_inline.h>
#endif
