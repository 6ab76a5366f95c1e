/* SPDX-License-Identifier: MIT */
/* truth_plugins.c - loads libraries, calls them, unloads them: two that may get one address. */
#include <dlfcn.h>
#include <stdlib.h>
#include "truth.h"

typedef void *(*allocate_t)(void);

NOINLINE static int use(const char *folder, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    void *library = dlopen(path, RTLD_NOW);
    void *address = library ? dlsym(library, "plugin_allocate") : NULL;
    if (!address)
        return 1;
    allocate_t allocate;
    memcpy(&allocate, &address, sizeof allocate);
    free(allocate());
    say("%p\n", address);
    return dlclose(library);
}

/* The folder of the libraries. Says where each had its function. */
int main(int argc, char **argv)
{
    int failed = argc != 2;

    for (int i = 0; i < 50 && !failed; i++)
        failed = use(argv[1], "libtruth_one.so") || use(argv[1], "libtruth_two.so");
    return failed;
}
