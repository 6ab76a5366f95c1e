/* SPDX-License-Identifier: MIT */
/* record/local_parts.h - what the tables of record/local.h are made of. */
#ifndef CCI_RECORD_LOCAL_PARTS_H
#define CCI_RECORD_LOCAL_PARTS_H
#include <ccmem/version.h>
#include "record/local.h"

cc_result_t               cci_local_start(const cci_local_options_t *options);
void                      cci_local_stop(void);
bool                      cci_local_is_on(void);
const cci_trace_header_t *cci_local_header(void);
void                      cci_local_wait(unsigned ms);
void                      cci_local_ring(void);
bool     cci_local_read(cci_local_take_t *take, void *context, cci_clock_pair_t *now);
uint64_t cci_local_allocating(void);
void     cci_local_allocated(uint64_t began, void *ptr, size_t usable, const cci_local_event_t *e);
uint64_t cci_local_freeing(void *ptr);
void     cci_local_freed(uint64_t began);
uint64_t cci_local_resizing(void *old);
void     cci_local_resized(uint64_t began, void *old, void *ptr, size_t usable,
                           const cci_local_event_t *e);
bool     cci_local_records(void);
void    *cci_local_suspend(void);
void     cci_local_resume(void *suspended);

/* A table of these, which differ in whether malloc is recorded and in how they start. */
#define CCI_LOCAL_TABLE(all, how)                                                                 \
    {                                                                                             \
        .version = CC_VERSION, .bytes = sizeof(cci_local_t), .everything = (all), .start = (how), \
        .stop = cci_local_stop, .is_on = cci_local_is_on, .header = cci_local_header,             \
        .wait = cci_local_wait, .ring = cci_local_ring, .read = cci_local_read,                   \
        .allocating = cci_local_allocating, .allocated = cci_local_allocated,                     \
        .freeing = cci_local_freeing, .freed = cci_local_freed, .resizing = cci_local_resizing,   \
        .resized = cci_local_resized, .records = cci_local_records, .suspend = cci_local_suspend, \
        .resume = cci_local_resume                                                                \
    }

#endif
