/* SPDX-License-Identifier: MIT */
/* preload/local.c - this recorder for a process that records itself: what cci_local_find finds. */
#include "record/local_parts.h"

extern const cci_local_t ccmem_preload_local;

__attribute__((visibility("default"))) const cci_local_t ccmem_preload_local =
    CCI_LOCAL_TABLE(true, cci_local_start);
