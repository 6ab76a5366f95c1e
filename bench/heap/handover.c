/* SPDX-License-Identifier: MIT */
/* handover.c - one thread allocates, the other frees; see handover.h. */
#include "contestant.h"

#include <handover.h>

HANDOVER(64, 64)

static const ccbench_case_t cases[] = {
    { "handover-64", "64 bytes allocated here and freed there", handover_64_begin, handover_run,
      handover_end },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
