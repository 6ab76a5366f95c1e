/* SPDX-License-Identifier: MIT */
/* verify/verify.c - libccmem_verify.so: before main, is the program on the allocator that was asked
 * for?
 *
 * `ccmem run` puts this library last in LD_PRELOAD. It interposes nothing, and after the one check
 * does nothing: programs that this one starts inherit the library but not the order to check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <ccmem/info.h>
#include "backend/run.h"

enum { STATUS_REFUSED = 4 };

__attribute__((constructor)) static void verify(void)
{
    cc_allocator_info_t info;

    if (!getenv(CCI_ENV_RUN_CHECK))
        return;
    unsetenv(CCI_ENV_RUN_CHECK);
    cc_allocator_info(NULL, &info);
    if (info.verified && info.requested[0])
        return;
    dprintf(STDERR_FILENO, "ccmem: run: %s: %s\n",
            info.requested[0] ? info.requested : "no allocator was named", info.reason);
    _exit(STATUS_REFUSED);
}
