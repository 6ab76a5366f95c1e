/* SPDX-License-Identifier: MIT */
/* ring.c - one thread puts a message into a queue and takes it out again, and so goes through
 * 64 KiB.
 *
 * The floor copies the same bytes in and out, through as much memory: what a ring could cost that
 * costs nothing. Where a message lies is told by a pointer alone: a compiler that knows more keeps
 * in registers what it made the pointer of, and then has too few for one contestant and not for
 * another.
 */
#include "queues.h"

#define RING_OF(n)                                                               \
    static struct message_##n sent_##n[AHEAD], received_##n;                     \
                                                                                 \
    static struct message_##n *handed_##n(struct message_##n *m)                 \
    {                                                                            \
        return (struct message_##n *)ccbench_opaque((uintptr_t)m);               \
    }                                                                            \
                                                                                 \
    static void begin_##n(void)                                                  \
    {                                                                            \
        queue_begin(n);                                                          \
    }                                                                            \
                                                                                 \
    static void ring_##n(uint64_t ops)                                           \
    {                                                                            \
        for (uint64_t i = 0; i < AHEAD; i++)                                     \
            sent_##n[i].count = i;                                               \
        for (uint64_t i = 0; i < ops; i++) {                                     \
            struct message_##n *m = handed_##n(&sent_##n[i % AHEAD]);            \
            ccbench_escape(m);                                                   \
            if (!PUT(n, m) || !GET(n, &received_##n) || received_##n.count != i) \
                ccbench_fail("ring", "a message was lost");                      \
            m->count = i + AHEAD;                                                \
        }                                                                        \
    }

RING_OF(64)
RING_OF(1024)

static const ccbench_case_t cases[] = {
    { "ring-64", "64 bytes through a ring, one thread", begin_64, ring_64, NULL },
    { "ring-1024", "1024 bytes through a ring, one thread", begin_1024, ring_1024, NULL },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
