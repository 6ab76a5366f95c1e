/* SPDX-License-Identifier: MIT */
/* ccphase.c - see ccphase.h for the contract. */
#include "ccphase.h"

#include <stdio.h>
#include <string.h>

static const char *separator;

void ccphase_say(const char *figure, double value)
{
    printf("%s\"%s\": %.4f", separator, figure, value);
    separator = ", ";
}

static void measure(const ccphase_case_t *c)
{
    separator = "";
    printf("{\"case\": \"%s\", \"figures\": {", c->name);
    c->run();
    puts("}}");
}

static void list(const ccphase_case_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("{\"case\": \"%s\", \"what\": \"%s\"}\n", cases[i].name, cases[i].what);
}

int ccphase_main(int argc, char **argv, const ccphase_case_t *cases, size_t count)
{
    const char *name = argc == 2 ? argv[1] : "";

    if (!strcmp(name, "--list")) {
        list(cases, count);
        return fflush(stdout) ? 4 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(cases[i].name, name)) {
            measure(&cases[i]);
            return fflush(stdout) ? 4 : 0;
        }
    }
    fprintf(stderr, "usage: %s --list | CASE\n", argv[0]);
    return 2;
}
