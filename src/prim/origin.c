/* SPDX-License-Identifier: MIT */
/* origin.c - see prim/origin.h. */
#define _GNU_SOURCE
#include "prim/origin.h"
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

/* The first that is called for is the program. One that names no loader has its C library in itself. */
static int has_loader(struct dl_phdr_info *program, size_t size, void *out)
{
    (void)size;
    for (unsigned i = 0; i < program->dlpi_phnum; i++)
        if (program->dlpi_phdr[i].p_type == PT_INTERP)
            *(bool *)out = true;
    return 1;
}

static bool can_load(void)
{
    bool loader = false;

    dl_iterate_phdr(has_loader, &loader);
    return loader;
}

static bool program_folder(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);

    if (n <= 0)
        return false;
    folder[n]             = '\0';
    *strrchr(folder, '/') = '\0';
    return true;
}

/* The loader's own note of a library's folder holds when the current one is another by now. */
static bool folder_of(struct link_map *file, char folder[PATH_MAX])
{
    if (file->l_name[0] == '\0')
        return program_folder(folder);
    return dlinfo(file, RTLD_DI_ORIGIN, folder) == 0;
}

bool cci_origin(const void *code, char folder[PATH_MAX])
{
    Dl_info          info;
    struct link_map *file = NULL;

    return can_load() && dladdr1(code, &info, (void **)&file, RTLD_DL_LINKMAP) && file &&
           folder_of(file, folder);
}
