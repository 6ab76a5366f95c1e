/* SPDX-License-Identifier: MIT */
/* preload/recording.h - the interposed functions in a thread that is awake: forward and record.
 *
 * Entered by a jump out of entry.c, so that the caller's registers are where a function finds them.
 */
#ifndef CCI_PRELOAD_RECORDING_H
#define CCI_PRELOAD_RECORDING_H
#include "preload/real.h"

#define CCI_RECORDING(type, name, parameters, arguments) type cci_recording_##name parameters;
CCI_REAL_LIST(CCI_RECORDING)
#undef CCI_RECORDING

void cci_recording_free(void *ptr);
void cci_recording_free_sized(void *ptr, size_t size);
void cci_recording_free_aligned_sized(void *ptr, size_t align, size_t size);

#endif
