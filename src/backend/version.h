/* SPDX-License-Identifier: MIT */
/* backend/version.h - what allocators say their version is, as text. */
#ifndef CCI_BACKEND_VERSION_H
#define CCI_BACKEND_VERSION_H
#include <stddef.h>

typedef int         cci_mi_version_t(void);
typedef int         cci_mallctl_t(const char *name, void *old, size_t *old_size, void *new, size_t);
typedef const char *cci_tc_version_t(int *major, int *minor, const char **patch);
typedef const char *cci_libc_version_t(void);

/* Each takes the allocator's own function, which may be NULL: then the text is "". */
void cci_version_mimalloc(cci_mi_version_t *ask, char *out, size_t capacity);
void cci_version_jemalloc(cci_mallctl_t *ask, char *out, size_t capacity);
void cci_version_tcmalloc(cci_tc_version_t *ask, char *out, size_t capacity);
void cci_version_libc(cci_libc_version_t *ask, char *out, size_t capacity);

#endif
