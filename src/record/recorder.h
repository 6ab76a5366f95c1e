/* SPDX-License-Identifier: MIT */
/* record/recorder.h - the recording of this process: configuration, start, end, fork.
 *
 * Configured by the environment (record/control.h) and started by the first event; a dormant process
 * by whoever attaches (record/attach.h). Everything works inside malloc: no allocation, no lock of
 * the C library, errno kept.
 */
#ifndef CCI_RECORD_RECORDER_H
#define CCI_RECORD_RECORDER_H
#include <stdbool.h>
#include <stdint.h>

/* Who serves malloc: any address inside it. Before the first event. */
void cci_recorder_set_allocator(uintptr_t code);

/* Start if that has not happened yet, and unless programs started by exec are to be recorded too,
 * take our traces out of the environment. For the library's constructor. */
void cci_recorder_init(void);

/* The process ends of its own will. For the library's destructor. */
void cci_recorder_fini(void);

#endif
