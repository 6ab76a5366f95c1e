/* SPDX-License-Identifier: MIT */
/* report/frames.h - the stacks of a trace with their names. */
#ifndef CCI_REPORT_FRAMES_H
#define CCI_REPORT_FRAMES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "symbols/symbolizer.h"
#include "trace/reader.h"

typedef struct cci_frame {
    const char *function; /* NULL = not known */
    const char *file;     /* NULL = not known */
    unsigned    line;     /* 0 = not known */
    bool        inlined;  /* into the frame after it */
    const char *module;   /* path, NULL = none */
    uint64_t    offset;   /* in the module; without one, the address */
} cci_frame_t;

/* Innermost first. */
typedef struct cci_stack {
    const cci_frame_t *frame;
    size_t             count;
} cci_stack_t;

typedef struct cci_frames cci_frames_t;

/* Names for the stacks of t, which was read to its end and must outlive this. NULL: out of
 * memory. */
cci_frames_t *cci_frames_create(const cci_trace_t *t, const cci_symbolizer_options_t *options);
void          cci_frames_destroy(cci_frames_t *f);

/* The frames of a stack (node of the trace), valid until the next call. False: out of memory. */
bool cci_frames_of(cci_frames_t *f, uint32_t node, cci_stack_t *out);

/* The same without what is not the program's: how malloc is called (operator new, allocators of
 * the standard libraries) and how the program or the thread was started. Never empties it. */
cci_stack_t cci_stack_trimmed(cci_stack_t whole);

#endif
