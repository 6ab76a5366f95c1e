/* SPDX-License-Identifier: MIT */
/* backend/run.h - how `ccmem run` tells a program what it was started on: by the environment. */
#ifndef CCI_BACKEND_RUN_H
#define CCI_BACKEND_RUN_H

/* The allocator's name; stays, so that the program and those it starts know what was asked for. */
#define CCI_ENV_RUN_ALLOCATOR "CCMEM_RUN_ALLOCATOR"

/* There: libccmem_verify.so checks that it serves, and takes this away. */
#define CCI_ENV_RUN_CHECK "CCMEM_RUN_CHECK"

#endif
