/* SPDX-License-Identifier: MIT */
/* ccmem/result.h - why a call did not do its work.
 *
 * Functions that can fail for more than one reason return cc_result_t and write their outputs
 * only on CC_RESULT_OK. Functions that can only run out of memory return NULL instead.
 *
 * Example:
 *   cc_result_t r = CC_RESULT_NOT_FOUND;
 *   if (r != CC_RESULT_OK)
 *       fprintf(stderr, "trace: %s\n", cc_result_text(r));
 *
 * Failure  none: every value, also one that is no result, has a name and a text.
 * Threads  any; the strings are constants.
 */
#ifndef CC_RESULT_H
#define CC_RESULT_H
#include <ccmem/api.h>
CC_BEGIN

/* The one list: X(name, text). Values follow the order and never change: new ones go last. */
#define CC_RESULT_LIST(X)                     \
    X(OK, "done")                             \
    X(NO_MEMORY, "out of memory")             \
    X(INVALID, "invalid argument")            \
    X(NOT_FOUND, "not found")                 \
    X(EXISTS, "exists already")               \
    X(DENIED, "permission denied")            \
    X(IO, "input or output failed")           \
    X(DAMAGED, "damaged data")                \
    X(UNSUPPORTED, "not supported")           \
    X(BUSY, "in use")                         \
    X(FULL, "no space left")                  \
    X(EXHAUSTED, "no block left")             \
    X(FOREIGN, "not of this allocator")       \
    X(MISALIGNED, "not the start of a block") \
    X(OUT_OF_RANGE, "out of range")           \
    X(DOUBLE_FREE, "freed already")           \
    X(STALE, "key of what is gone")

#define CC_RESULT_ENUMERATOR(name, text) CC_RESULT_##name,
typedef enum cc_result { CC_RESULT_LIST(CC_RESULT_ENUMERATOR) } cc_result_t;
#undef CC_RESULT_ENUMERATOR

/* The constant as it is spelled, "CC_RESULT_NOT_FOUND"; "CC_RESULT_?" for no result. O(1). */
CC_API CC_CONST const char *cc_result_name(cc_result_t result);

/* A few words for a message, "not found"; "unknown result" for no result. O(1). */
CC_API CC_CONST const char *cc_result_text(cc_result_t result);

CC_END
#endif
