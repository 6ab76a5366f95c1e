/* SPDX-License-Identifier: MIT */
/* truth.h - for programs whose allocations are known exactly.
 *
 * stdio allocates buffers, so they write with say(); and every function that allocates keeps a
 * frame of its own, so that a site can be named.
 */
#ifndef TRUTH_H
#define TRUTH_H
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

/* At the end of a function that would otherwise leave by a jump, and so have no frame. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

/* One short text on standard output, at once and whole. Allocates nothing. */
static inline __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
    char    text[1024];
    va_list list;

    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof text || write(STDOUT_FILENO, text, (size_t)n) != n)
        _exit(99);
}

struct scenario {
    const char *name;
    int (*run)(void);
};

/* The scenario that the first argument names; 2 when there is none of that name. */
NOINLINE static int truth_main(const struct scenario *list, size_t count, int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < count; i++)
        if (strcmp(list[i].name, argv[1]) == 0) {
            int status = list[i].run();
            KEEP_FRAME();
            return status;
        }
    return 2;
}

#define TRUTH_MAIN(list)                                                   \
    int main(int argc, char **argv)                                        \
    {                                                                      \
        return truth_main(list, sizeof list / sizeof list[0], argc, argv); \
    }

#endif
