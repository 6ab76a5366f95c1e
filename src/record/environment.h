/* SPDX-License-Identifier: MIT */
/* record/environment.h - the recorder's options, out of the environment, and file names. */
#ifndef CCI_RECORD_ENVIRONMENT_H
#define CCI_RECORD_ENVIRONMENT_H
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "record/control.h"
#include "trace/format.h"

typedef struct cci_recorder_options {
    char             spool[PATH_MAX];  /* "" = no collector */
    char             output[PATH_MAX]; /* then this file    */
    cci_trace_mode_t mode;
    uint64_t         sample_interval;
    uint64_t         seed;          /* 0 = choose one */
    uint64_t         measure_every; /* calls for one that is measured, 0 = none */
    bool             follow;
    bool             dormant; /* nothing is recorded until somebody attaches */
} cci_recorder_options_t;

/* False before the C library has found the environment. */
bool cci_environment_ready(void);

/* False when nobody asked for a recording, or asked wrongly (which is said on stderr). */
bool cci_environment_read(cci_recorder_options_t *o);

/* Take what is ours out of the environment, our library out of LD_PRELOAD too, in place. For a
 * moment when there is one thread. */
void cci_environment_hide(void);

/* The pool's file in a spool, and a trace's file from a pattern with %p (pid) and %h (host). A name
 * without %p gets the pid when the process is a fork or the name is taken (number > 0). path has
 * PATH_MAX bytes; 0, or ENAMETOOLONG. */
int cci_spool_path(char *path, const char *spool, int pid, unsigned number);
int cci_output_path(char *path, const char *pattern, int pid, bool forked, unsigned number);

#endif
