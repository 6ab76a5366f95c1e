/* SPDX-License-Identifier: MIT */
/* Any bytes are suppressions or are refused with a line and a reason; and matching ends. The first
 * line is a name, too, that the rest is matched against. */
#include <stdlib.h>
#include <string.h>

#include "report/suppress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void match(const char *text, size_t size)
{
    char *name = strndup(text, size < 200 ? size : 200);

    check(name != NULL);
    name[strcspn(name, "\n")] = '\0';
    check(cci_pattern_matches(name, strlen(name), name) || strpbrk(name, "^$*"));
    cci_pattern_matches(text, size < 200 ? size : 200, name);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char        *text = (const char *)data, *why = NULL;
    cci_suppressions_t s    = { 0 };
    size_t             line = 0;

    if (size == 0)
        return 0;
    cc_result_t r = cci_suppressions_add_text(&s, text, size, &line, &why);
    check(r == CC_RESULT_OK || (r == CC_RESULT_DAMAGED && why && line >= 1 && line <= size));
    match(text, size);
    cci_suppressions_fini(&s);
    return 0;
}
