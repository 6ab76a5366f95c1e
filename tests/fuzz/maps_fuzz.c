/* SPDX-License-Identifier: MIT */
/* Any text is a line of /proc/PID/maps, as the name of a mapped file may hold what it likes: what is
 * taken for a door's name is a part of the line that ends like one, and fits. */
#include <stdlib.h>
#include <string.h>

#include "record/collector_attach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_door(const char *line, const char *path)
{
    size_t n = strlen(path), suffix = strlen(CCI_DOOR_SUFFIX);

    check(n < PATH_MAX && path[0] == '/' && strstr(line, path));
    check(n >= suffix && strcmp(path + n - suffix, CCI_DOOR_SUFFIX) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  path[PATH_MAX];
    char *line = malloc(size + 1);

    if (!line)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    memset(path, '#', sizeof path);
    if (cci_attach_read_map(line, path) == CCI_MAPPED_DOOR)
        check_door(line, path);
    free(line);
    return 0;
}
