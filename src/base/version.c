/* SPDX-License-Identifier: MIT */
/* version.c - see ccmem/version.h for the contract. */
#include <ccmem/version.h>

const char *cc_version(void)
{
    return CC_VERSION;
}
