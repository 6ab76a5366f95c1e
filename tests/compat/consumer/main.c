/* SPDX-License-Identifier: MIT */
/* A program outside the project: prints the version of the library that it runs with. */
#include <stdio.h>

#include <ccmem/result.h>
#include <ccmem/version.h>

int main(void)
{
    if (puts(cc_version()) < 0) {
        fprintf(stderr, "consumer: %s\n", cc_result_text(CC_RESULT_IO));
        return 1;
    }
    return 0;
}
