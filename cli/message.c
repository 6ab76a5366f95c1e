/* SPDX-License-Identifier: MIT */
/* message.c - what the commands say on stderr, and to whom. */
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli.h"

enum { MESSAGE_BYTES = 4096, MESSAGE_COLUMNS = 4096, WIDTH_MIN = 60, WIDTH_MAX = 120 };

static void put_part(const cci_style_t *style, const char *part)
{
    if (part) {
        cci_put_text(stderr, style, part, MESSAGE_COLUMNS);
        fputs(": ", stderr);
    }
}

int cci_fail(int status, const char *command, const char *what, const char *why, ...)
{
    cci_style_t style = cci_style_of(stderr);
    char        text[MESSAGE_BYTES];
    va_list     arguments;

    va_start(arguments, why);
    vsnprintf(text, sizeof text, why, arguments);
    va_end(arguments);
    fputs("ccmem: ", stderr);
    put_part(&style, command);
    put_part(&style, what);
    cci_put_text(stderr, &style, text, MESSAGE_COLUMNS);
    putc('\n', stderr);
    return status;
}

int cci_exit_code(cc_result_t result)
{
    switch (result) {
    case CC_RESULT_OK:
        return CCI_EXIT_DONE;
    case CC_RESULT_INVALID:
        return CCI_EXIT_USAGE;
    case CC_RESULT_NOT_FOUND:
    case CC_RESULT_DAMAGED:
    case CC_RESULT_UNSUPPORTED:
        return CCI_EXIT_INPUT;
    default:
        return CCI_EXIT_SYSTEM;
    }
}

/* ---- the word that was meant ---- */

enum { WORD_MAX = 32 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau's edits (insert, delete, replace, swap neighbours), no letter edited twice. Words up to
 * WORD_MAX. */
static size_t edits(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];

    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
                            d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

const char *cci_nearest(const char *word, const char *const *list, size_t count)
{
    size_t      length = strlen(word), best_edits = length / 3 + 2;
    const char *best = NULL;

    for (size_t i = 0; i < count && length <= WORD_MAX; i++) {
        size_t n = strlen(list[i]);
        size_t e = n <= WORD_MAX ? edits(word, length, list[i], n) : SIZE_MAX;
        if (e < best_edits && e < n) {
            best       = list[i];
            best_edits = e;
        }
    }
    return best;
}

void cci_join(const char *const *names, size_t n, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "", names[i]);
}

/* ---- terminals ---- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || strcmp(term, "dumb") == 0;
}

static unsigned terminal_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return CCI_WIDTH;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

cci_style_t cci_style_of(FILE *out)
{
    bool terminal = isatty(fileno(out));

    return (cci_style_t){ .colour  = terminal && !is_dumb() && !is_set("NO_COLOR"),
                          .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
                          .width   = terminal ? terminal_width(fileno(out)) : CCI_WIDTH };
}
