/* SPDX-License-Identifier: MIT */
/* handoff.c - one thread puts messages into a queue and another takes them out: each comes, once,
 * and in order, or the process ends.
 *
 * One operation is one message on its whole way.
 */
#include "queues.h"

#include <team.h>

static struct team team;

#define HANDOFF_OF(n)                                          \
    static struct message_##n sent_##n[AHEAD], received_##n;   \
                                                               \
    static void put_##n(uint64_t ops)                          \
    {                                                          \
        unsigned spins = 0;                                    \
                                                               \
        for (uint64_t i = 0; i < AHEAD; i++)                   \
            sent_##n[i].count = i;                             \
        for (uint64_t i = 0; i < ops; i++) {                   \
            struct message_##n *m = &sent_##n[i % AHEAD];      \
            ccbench_escape(m);                                 \
            while (!PUT(n, m))                                 \
                team_wait(&spins);                             \
            m->count = i + AHEAD;                              \
        }                                                      \
    }                                                          \
                                                               \
    static void get_##n(uint64_t ops)                          \
    {                                                          \
        unsigned spins = 0;                                    \
                                                               \
        for (uint64_t i = 0; i < ops; i++) {                   \
            while (!GET(n, &received_##n))                     \
                team_wait(&spins);                             \
            ccbench_escape(&received_##n);                     \
            if (received_##n.count != i)                       \
                ccbench_fail("handoff", "a message was lost"); \
        }                                                      \
    }                                                          \
                                                               \
    static void work_##n(unsigned self, uint64_t ops)          \
    {                                                          \
        if (self == 0)                                         \
            put_##n(ops);                                      \
        else                                                   \
            get_##n(ops);                                      \
    }                                                          \
                                                               \
    static void begin_##n(void)                                \
    {                                                          \
        queue_begin(n);                                        \
        team_start(&team, work_##n);                           \
    }

HANDOFF_OF(64)
HANDOFF_OF(1024)

static void run(uint64_t ops)
{
    team_run(&team, ops);
}

static void end(void)
{
    team_stop(&team);
}

static const ccbench_case_t cases[] = {
    { "handoff-64", "64 bytes from one thread to another", begin_64, run, end },
    { "handoff-1024", "1024 bytes from one thread to another", begin_1024, run, end },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
