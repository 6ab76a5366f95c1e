/* SPDX-License-Identifier: MIT */
/* queues.h - one queue between threads, as its users call it, behind the names that queue.c uses. For
 * how contestants are compiled see ../region/regions.h. Words are above 0.
 *
 *   queue_begin()            before anything else
 *   queue_thread_begin()     the calling thread will push or pop
 *   queue_thread_end()
 *   queue_push(word)         false: full
 *   queue_pop(&word)         false: empty
 *
 * Those that are bounded have room for 1024 words.
 */
#ifndef QUEUES_H
#define QUEUES_H
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <ccbench.h>

enum { CAPACITY = 1024 };

#if !defined(CONTESTANT_rculfqueue)
static inline void queue_thread_begin(void)
{
}

static inline void queue_thread_end(void)
{
}
#endif

#if defined(CONTESTANT_lfqueue)
#include <ccmem/lfqueue.h>

static cc_lfqueue_t *queue;

static inline void queue_begin(void)
{
    queue = cc_lfqueue_create(NULL);
    if (!queue)
        ccbench_fail("lfqueue", "no memory");
}

static inline bool queue_push(uint64_t word)
{
    if (cc_lfqueue_push(queue, word) != CC_RESULT_OK)
        ccbench_fail("lfqueue", "no memory");
    return true;
}

static inline bool queue_pop(uint64_t *word)
{
    return cc_lfqueue_try_pop(queue, word);
}

#elif defined(CONTESTANT_bounded)
#include <ccmem/lfqueue.h>

static cc_lfqueue_bounded_t *queue;

static inline void queue_begin(void)
{
    queue = cc_lfqueue_bounded_create(CAPACITY);
    if (!queue)
        ccbench_fail("lfqueue", "no memory");
}

static inline bool queue_push(uint64_t word)
{
    return cc_lfqueue_bounded_try_push(queue, word);
}

static inline bool queue_pop(uint64_t *word)
{
    return cc_lfqueue_bounded_try_pop(queue, word);
}

#elif defined(CONTESTANT_ms)
#include "michael_scott.h"

static struct ms_queue queue;

static inline void queue_begin(void)
{
    ms_init(&queue);
}

static inline bool queue_push(uint64_t word)
{
    ms_push(&queue, word);
    return true;
}

static inline bool queue_pop(uint64_t *word)
{
    return ms_pop(&queue, word);
}

#elif defined(CONTESTANT_rculfqueue)
#define _LGPL_SOURCE
#define URCU_API_MAP /* rcu_ is urcu_qsbr_, whose readers pay least */
#include <urcu/urcu-qsbr.h>
#include <urcu/rculfqueue.h>

#include <ccmem/alloc.h>

struct queue_node {
    struct cds_lfq_node_rcu node; /* first: it is where the whole is */
    struct rcu_head         head;
    uint64_t                word;
};

static struct cds_lfq_queue_rcu queue;

static inline void queue_begin(void)
{
    cds_lfq_init_rcu(&queue, call_rcu);
}

static inline void queue_thread_begin(void)
{
    rcu_register_thread();
}

static inline void queue_thread_end(void)
{
    rcu_unregister_thread();
}

static inline bool queue_push(uint64_t word)
{
    struct queue_node *n = cc_alloc_node(sizeof *n);

    if (!n)
        ccbench_fail("rculfqueue", "no memory");
    n->word = word;
    cds_lfq_node_init_rcu(&n->node);
    rcu_read_lock();
    cds_lfq_enqueue_rcu(&queue, &n->node);
    rcu_read_unlock();
    rcu_quiescent_state();
    return true;
}

static void queue_free(struct rcu_head *head)
{
    struct queue_node *n = caa_container_of(head, struct queue_node, head);

    cc_free_node(n, sizeof *n);
}

static inline bool queue_pop(uint64_t *word)
{
    rcu_read_lock();
    struct queue_node *n = (void *)cds_lfq_dequeue_rcu(&queue);
    rcu_read_unlock();
    if (n) {
        *word = n->word;
        call_rcu(&n->head, queue_free);
    }
    rcu_quiescent_state();
    return n != NULL;
}

#elif defined(CONTESTANT_seg)
/* ../crossbeam/src/queue.rs */
void    *crossbeam_seg_new(void);
void     crossbeam_seg_push(void *queue, uint64_t word);
uint64_t crossbeam_seg_pop(void *queue);

static void *queue;

static inline void queue_begin(void)
{
    queue = crossbeam_seg_new();
}

static inline bool queue_push(uint64_t word)
{
    crossbeam_seg_push(queue, word);
    return true;
}

static inline bool queue_pop(uint64_t *word)
{
    return (*word = crossbeam_seg_pop(queue)) != 0;
}

#elif defined(CONTESTANT_array)
/* ../crossbeam/src/queue.rs */
void    *crossbeam_array_new(size_t capacity);
bool     crossbeam_array_push(void *queue, uint64_t word);
uint64_t crossbeam_array_pop(void *queue);

static void *queue;

static inline void queue_begin(void)
{
    queue = crossbeam_array_new(CAPACITY);
}

static inline bool queue_push(uint64_t word)
{
    return crossbeam_array_push(queue, word);
}

static inline bool queue_pop(uint64_t *word)
{
    return (*word = crossbeam_array_pop(queue)) != 0;
}

#elif defined(CONTESTANT_boost)
#include <boost/lockfree/queue.hpp>

static boost::lockfree::queue<uint64_t> queue(CAPACITY);

static inline void queue_begin(void)
{
}

static inline bool queue_push(uint64_t word)
{
    return queue.push(word);
}

static inline bool queue_pop(uint64_t *word)
{
    return queue.pop(*word);
}

#elif defined(CONTESTANT_tbb)
#include <tbb/concurrent_queue.h>

static tbb::concurrent_queue<uint64_t> queue;

static inline void queue_begin(void)
{
}

static inline bool queue_push(uint64_t word)
{
    queue.push(word);
    return true;
}

static inline bool queue_pop(uint64_t *word)
{
    return queue.try_pop(*word);
}

#elif defined(CONTESTANT_deque)
#include <deque>
#include <mutex>

static std::deque<uint64_t> queue;
static std::mutex           lock;

static inline void queue_begin(void)
{
}

static inline bool queue_push(uint64_t word)
{
    std::lock_guard<std::mutex> locked(lock);

    queue.push_back(word);
    return true;
}

static inline bool queue_pop(uint64_t *word)
{
    std::lock_guard<std::mutex> locked(lock);

    if (queue.empty())
        return false;
    *word = queue.front();
    queue.pop_front();
    return true;
}

#else
#error "which contestant?"
#endif

#endif
