/* SPDX-License-Identifier: MIT */
/* flat.c - what an allocator holds after many messages beside what it held after the first ones.
 *
 * First the ring is filled once and emptied, so that as many messages were under way as ever can be.
 */
#include "blocks.h"

#include <ccphase.h>
#include <handover.h>

enum { MANY = 100000000, FEW = 1000000 };

HANDOVER(64, 64)

static double reserved_kb(void)
{
    return (double)blocks_reserved() / 1024;
}

static void send(uint64_t messages)
{
    handover_64_produce(HANDOVER_RING);
    handover_64_consume(HANDOVER_RING);
    handover_64_begin();
    ccphase_say("before", reserved_kb());
    handover_run(messages);
    handover_end();
    ccphase_say("after", reserved_kb());
}

static void send_many(void)
{
    send(MANY);
}

static void send_few(void)
{
    send(FEW);
}

static const ccphase_case_t cases[] = {
    { "flat-64", "KiB held before and after 100 million messages of 64 bytes", send_many },
    { "flat-64-quick", "the same for a million", send_few },
};

int main(int argc, char **argv)
{
    blocks_begin();
    return ccphase_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
