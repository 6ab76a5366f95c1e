/* SPDX-License-Identifier: MIT */
/* startup.c - a process that allocates one block: what an allocator costs before it is of any use. */
#include "contestant.h"

int main(void)
{
    void *p = touched(ALLOC(64));

    ccbench_escape(p);
    FREE(p, 64);
    return 0;
}
