/* SPDX-License-Identifier: MIT */
/* smr/registry.h - all domains, and which guards are whose. Behind one lock, which a thread takes when it
 * enters a domain for the first time, and when it ends. */
#ifndef CCI_SMR_REGISTRY_H
#define CCI_SMR_REGISTRY_H
#include "smr/domain.h"

/* False: no memory, or no way to be told when threads end or the process forks. */
bool cci_registry_add(cci_domain_t *d);

/* Threads forget it, and it is not told of forks any more. */
void cci_registry_remove(cci_domain_t *d);

/* The calling thread is in no section of the domain and in no callback of one of its sweeps; otherwise
 * the process ends: it said `what` there. */
void cci_registry_expect_outside(cci_domain_t *d, const char *what);

#endif
