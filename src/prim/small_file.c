/* SPDX-License-Identifier: MIT */
/* prim/small_file.c - see prim/small_file.h. */
#include "prim/small_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 8192 };

bool cci_small_file_read(const char *path, char *text, size_t capacity)
{
    int     fd   = open(path, O_RDONLY | O_CLOEXEC);
    size_t  have = 0;
    ssize_t n    = fd < 0 ? -1 : 1;

    while (n > 0 && have < capacity - 1) {
        n = read(fd, text + have, capacity - 1 - have);
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    text[have] = '\0';
    return n >= 0;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;

    text += strspn(text, " \t");
    if (*text < '0' || *text > '9')
        return false;
    errno                = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0)
        return false;
    *number = n;
    return true;
}

bool cci_small_file_number(const char *path, uint64_t *number)
{
    char text[64];
    return cci_small_file_read(path, text, sizeof text) && parse_number(text, number);
}

bool cci_small_file_field(const char *path, const char *word, uint64_t *number)
{
    char   text[TEXT_MAX];
    size_t n = strlen(word);

    cci_small_file_read(path, text, sizeof text);
    for (const char *line = text; *line; line += strspn(line, "\n")) {
        if (strncmp(line, word, n) == 0 && (line[n] == ' ' || line[n] == '\t'))
            return parse_number(line + n, number);
        line += strcspn(line, "\n");
    }
    return false;
}
