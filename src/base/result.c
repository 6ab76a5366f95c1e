/* SPDX-License-Identifier: MIT */
/* result.c - see ccmem/result.h for the contract.
 *
 * Both tables come from the list that makes the enum, so that none can be forgotten.
 */
#include <ccmem/result.h>

#define NAME_OF(name, text) "CC_RESULT_" #name,
#define TEXT_OF(name, text) text,

static const char *const names[] = { CC_RESULT_LIST(NAME_OF) };
static const char *const texts[] = { CC_RESULT_LIST(TEXT_OF) };

enum { COUNT = sizeof names / sizeof names[0] };

/* The cast makes a negative value, which only a wrong cast can make, a large one. */
static int is_result(cc_result_t result)
{
    return (unsigned)result < COUNT;
}

const char *cc_result_name(cc_result_t result)
{
    return is_result(result) ? names[result] : "CC_RESULT_?";
}

const char *cc_result_text(cc_result_t result)
{
    return is_result(result) ? texts[result] : "unknown result";
}
