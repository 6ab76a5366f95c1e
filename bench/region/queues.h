/* SPDX-License-Identifier: MIT */
/* queues.h - one queue between a writer and a reader, as its users call it, behind the names that
 * ring.c and handoff.c use. For how contestants are compiled see regions.h.
 *
 *   struct message_64, message_1024   what goes through; the first word counts
 *   queue_begin(n)                    before anything is measured: messages have n bytes
 *   PUT(n, message)                   false: full
 *   GET(n, message)                   false: empty
 *
 * All have room for 64 KiB of messages, or for one less.
 */
#ifndef QUEUES_H
#define QUEUES_H
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ccbench.h>

/* A message is written so many turns before it is sent: a copy of what was written just before
 * waits for that write, which would be most of what is measured. */
enum { QUEUE_BYTES = 64 * 1024, AHEAD = 8 };

/* Where memory lies is not what is measured: a message that begins within a line takes a sixth
 * longer to copy, and one whose copy has the same offset in its page up to a third. So messages
 * begin at a line, in the program and in the queues of everyone; and queues whose room the program
 * provides have it where an allocator puts so much, at a page. */
#define AT_LINE __attribute__((aligned(64)))
#define AT_PAGE __attribute__((aligned(4096)))

struct message_64 {
    uint64_t count;
    char     text[56];
} AT_LINE;

struct message_1024 {
    uint64_t count;
    char     text[1016];
} AT_LINE;

static inline void *queue_room(void)
{
    void *room = aligned_alloc(4096, QUEUE_BYTES);

    if (!room)
        ccbench_fail("queue", "no memory");
    return room;
}

#if defined(CONTESTANT_cc) || defined(CONTESTANT_cc_mirrored) || defined(CONTESTANT_cc_record)
#include <ccmem/ring.h>

static cc_ring_t queue AT_PAGE;

#if defined(CONTESTANT_cc_record)
#define PUT(n, message) cc_ring_try_write_record(&queue, message, n)
#define GET(n, message) (cc_ring_read_record(&queue, message, n, &queue_size) == CC_RESULT_OK)

static size_t queue_size;
#else
#define PUT(n, message) cc_ring_try_write(&queue, message, n)
#define GET(n, message) cc_ring_try_read(&queue, message, n)
#endif

static inline void queue_begin(size_t n)
{
    (void)n;
#if defined(CONTESTANT_cc_mirrored)
    const unsigned flags = CC_RING_MIRRORED;
#else
    const unsigned flags = 0;
#endif
    if (cc_ring_init(&queue, cc_allocator_heap(), QUEUE_BYTES, flags) != CC_RESULT_OK)
        ccbench_fail("ring", "no memory");
    if (cc_ring_stats(&queue).is_mirrored != (flags == CC_RING_MIRRORED))
        ccbench_fail("ring", "it is not mirrored");
}

#elif defined(CONTESTANT_bare)
/* No queue but what goes through one: copied in, copied out, through the same 64 KiB. */
static struct {
    unsigned char *room;
    size_t         put, got;
} queue AT_PAGE;

#define PUT(n, message) queue_put_bytes(message, ccbench_opaque(n))
#define GET(n, message) queue_get_bytes(message, ccbench_opaque(n))

static inline bool queue_put_bytes(const void *message, size_t n)
{
    memcpy(queue.room + queue.put % QUEUE_BYTES, message, n);
    queue.put += n;
    return true;
}

static inline bool queue_get_bytes(void *message, size_t n)
{
    memcpy(message, queue.room + queue.got % QUEUE_BYTES, n);
    queue.got += n;
    return true;
}

static inline void queue_begin(size_t n)
{
    (void)n;
    queue.room = queue_room();
}

#elif defined(CONTESTANT_ck)
#include <ck_ring.h>

CK_RING_PROTOTYPE(of_64, message_64)
CK_RING_PROTOTYPE(of_1024, message_1024)

static ck_ring_t queue_64 AT_PAGE, queue_1024 AT_PAGE;
static struct message_64   *buffer_64;
static struct message_1024 *buffer_1024;

#define PUT(n, message) ck_ring_enqueue_spsc_of_##n(&queue_##n, buffer_##n, message)
#define GET(n, message) ck_ring_dequeue_spsc_of_##n(&queue_##n, buffer_##n, message)

static inline void queue_begin(size_t n)
{
    if (n == sizeof(struct message_64)) {
        buffer_64 = queue_room();
        ck_ring_init(&queue_64, QUEUE_BYTES / sizeof(struct message_64));
    } else {
        buffer_1024 = queue_room();
        ck_ring_init(&queue_1024, QUEUE_BYTES / sizeof(struct message_1024));
    }
}

#elif defined(CONTESTANT_wfcqueue)
#include <urcu/wfcqueue.h>

/* Messages travel in nodes; those that were read come back through a second queue, so that memory
 * has a bound, as it has for the others. */
struct queue_node {
    struct cds_wfcq_node node;
    struct message_1024  message; /* of which only so many bytes are there as messages have */
};

enum { QUEUE_LINE = 64 };

/* Heads belong to who takes, tails to who puts. */
static struct cds_wfcq_head full_head __attribute__((aligned(128)));
static struct cds_wfcq_tail full_tail __attribute__((aligned(128)));
static struct cds_wfcq_head free_head __attribute__((aligned(128)));
static struct cds_wfcq_tail free_tail __attribute__((aligned(128)));

#define PUT(n, message) queue_put(message, n)
#define GET(n, message) queue_get(message, n)

static inline struct queue_node *queue_take(struct cds_wfcq_head *head, struct cds_wfcq_tail *tail)
{
    struct cds_wfcq_node *node = __cds_wfcq_dequeue_nonblocking(head, tail);

    return node == CDS_WFCQ_WOULDBLOCK ? NULL : (struct queue_node *)(void *)node;
}

static inline bool queue_put(const void *message, size_t n)
{
    struct queue_node *node = queue_take(&free_head, &free_tail);

    if (!node)
        return false;
    memcpy(&node->message, message, n);
    cds_wfcq_node_init(&node->node);
    cds_wfcq_enqueue(&full_head, &full_tail, &node->node);
    return true;
}

static inline bool queue_get(void *message, size_t n)
{
    struct queue_node *node = queue_take(&full_head, &full_tail);

    if (!node)
        return false;
    memcpy(message, &node->message, n);
    cds_wfcq_node_init(&node->node);
    cds_wfcq_enqueue(&free_head, &free_tail, &node->node);
    return true;
}

static inline void queue_begin(size_t n)
{
    size_t stride = (offsetof(struct queue_node, message) + n + QUEUE_LINE - 1) / QUEUE_LINE;
    size_t count  = QUEUE_BYTES / n;
    char  *nodes  = aligned_alloc(QUEUE_LINE, count * stride * QUEUE_LINE);

    if (!nodes)
        ccbench_fail("wfcqueue", "no memory");
    cds_wfcq_init(&full_head, &full_tail);
    cds_wfcq_init(&free_head, &free_tail);
    for (size_t i = 0; i < count; i++) {
        struct cds_wfcq_node *node = (void *)(nodes + i * stride * QUEUE_LINE);
        cds_wfcq_node_init(node);
        cds_wfcq_enqueue(&free_head, &free_tail, node);
    }
}

#elif defined(CONTESTANT_boost)
#include <boost/lockfree/spsc_queue.hpp>

template <typename message>
using spsc =
    boost::lockfree::spsc_queue<message, boost::lockfree::capacity<QUEUE_BYTES / sizeof(message)>>;

static spsc<message_64> queue_64     AT_PAGE;
static spsc<message_1024> queue_1024 AT_PAGE;

#define PUT(n, message) queue_##n.push(*(message))
#define GET(n, message) queue_##n.pop(*(message))

static inline void queue_begin(size_t n)
{
    (void)n;
}

#else
#error "which contestant?"
#endif

#endif
