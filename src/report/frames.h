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

/* Names for the stacks that t has given out by now, and later; it must outlive this. NULL: out of
 * memory. */
cci_frames_t *cci_frames_create(const cci_trace_t *t, const cci_symbolizer_options_t *options);
void          cci_frames_destroy(cci_frames_t *f);

/* From now on of t, which has all the nodes and modules of the one before, at least, by the same
 * numbers: a later state of it. The one before may go. */
void cci_frames_rebind(cci_frames_t *f, const cci_trace_t *t);

/* The frames of a stack (node of the trace), valid until the next call. False: out of memory. */
bool cci_frames_of(cci_frames_t *f, uint32_t node, cci_stack_t *out);

/* The frames of this one node, without its callers; the same in all else. */
bool cci_frames_at(cci_frames_t *f, uint32_t node, cci_stack_t *out);

/* What to call a frame: "main", "libz.so.1+0x2345", "0x7f00". Valid as long as f's strings, or in
 * room where the function is not known. */
enum { CCI_FRAME_NAME_BYTES = 320 };
const char *cci_frame_name(const cci_frame_t *f, char room[CCI_FRAME_NAME_BYTES]);

/* What stands behind the last slash. */
const char *cci_base_name(const char *path);

/* A stack without what is not the program's: how malloc is called (operator new, allocators of
 * the standard libraries, what is inlined of ours) and how the program or the thread was started. Never empties it. */
cci_stack_t cci_stack_trimmed(cci_stack_t whole);

#endif
