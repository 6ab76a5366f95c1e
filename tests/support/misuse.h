/* SPDX-License-Identifier: MIT */
/* misuse.h - a program with one bug, and the one line that it must end with.
 *
 *     MISUSE(CHECKED, "ccmem: heap: block ADDRESS was freed twice")
 *     {
 *         ...
 *     }
 *
 * is the whole program. It runs the bug in a child, on a backend whose blocks are as large as they
 * were asked for, and succeeds when the child says that line, and nothing else, and aborts. Addresses
 * are put as ADDRESS. CHECKED: every block is kept account of. CACHED: as in a release build.
 */
#ifndef TEST_MISUSE_H
#define TEST_MISUSE_H

typedef enum { CHECKED, CACHED } misuse_mode_t;

int misuse_run(misuse_mode_t mode, void (*bug)(void), const char *line);

/* The value of a macro that differs between processors, as it stands in the line. */
#define MISUSE_TEXT(macro)  MISUSE_TEXT_(macro)
#define MISUSE_TEXT_(value) #value

#define MISUSE(mode, line)                  \
    static void bug(void);                  \
    int         main(void)                  \
    {                                       \
        return misuse_run(mode, bug, line); \
    }                                       \
    static void bug(void)

#endif
