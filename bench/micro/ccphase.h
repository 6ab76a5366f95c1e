/* SPDX-License-Identifier: MIT */
/* ccphase.h - measurements that have phases, where ccbench.h has one operation.
 *
 * A case does its whole work once and says a figure for each phase of it. One process measures one
 * case and says one line of JSON, as those of ccbench.h do.
 *
 *   NAME --list           a line {"case", "what"} for each case
 *   NAME CASE             a line {"case", "figures": {NAME: VALUE, ...}}
 */
#ifndef CCPHASE_H
#define CCPHASE_H
#include <stddef.h>

#ifdef __cplusplus /* peers that are of C++ are measured by programs in C++ */
extern "C" {
#endif

typedef struct ccphase_case {
    const char *name;
    const char *what;
    void (*run)(void); /* says each figure once, with ccphase_say */
} ccphase_case_t;

/* The main function of such a program: 0, 2 wrong usage, 4 the system refused. */
int ccphase_main(int argc, char **argv, const ccphase_case_t *cases, size_t count);

void ccphase_say(const char *figure, double value);

#ifdef __cplusplus
}
#endif

#endif
