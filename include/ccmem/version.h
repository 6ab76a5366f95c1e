/* SPDX-License-Identifier: MIT */
/* ccmem/version.h - the version of the headers and of the library.
 *
 * The build reads the three numbers below; they are written nowhere else.
 *
 * Example:
 *   if (strcmp(cc_version(), CC_VERSION) != 0)
 *       fprintf(stderr, "compiled with %s, running %s\n", CC_VERSION, cc_version());
 *
 * Threads  any.
 */
#ifndef CC_VERSION_H
#define CC_VERSION_H
#include <ccmem/api.h>
CC_BEGIN

#define CC_VERSION_MAJOR 0
#define CC_VERSION_MINOR 1
#define CC_VERSION_PATCH 0

#define CC_VERSION_TEXT_(a, b, c) #a "." #b "." #c
#define CC_VERSION_TEXT(a, b, c)  CC_VERSION_TEXT_(a, b, c)
#define CC_VERSION                CC_VERSION_TEXT(CC_VERSION_MAJOR, CC_VERSION_MINOR, CC_VERSION_PATCH)

/* "MAJOR.MINOR.PATCH" of the library that runs, which may be newer than the headers. O(1). */
CC_API CC_CONST const char *cc_version(void);

CC_END
#endif
