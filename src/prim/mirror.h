/* SPDX-License-Identifier: MIT */
/* prim/mirror.h - memory that is mapped twice in a row, and files without a name to do it with.
 *
 * The byte at i + size is the byte at i: what a ring wraps around its end is in one piece. That
 * takes two mappings of one file, which the system may refuse: no descriptor left, no such files,
 * not enough addresses. errno stays as it was.
 */
#ifndef CCI_PRIM_MIRROR_H
#define CCI_PRIM_MIRROR_H
#include <stdbool.h>
#include <stddef.h>

/* A file in memory, zeroed, without a name, whose size nobody can change; -1: there is none. */
int cci_memory_file(size_t bytes);

/* Whether bytes of the file may be used for as long as it is mapped: it has as many, and nobody can
 * make it shorter. */
bool cci_memory_file_holds(int file, size_t bytes);

void cci_memory_file_close(int file);

/* The first bytes of a file, shared with whoever maps it too; NULL: refused. cci_pages_unmap. */
void *cci_shared_map(int file, size_t bytes);

/* size bytes of a file at offset, mapped at p and at p + size; NULL: refused. Both are multiples of
 * the page size. */
void *cci_mirror_map(int file, size_t offset, size_t size);

/* Give back what mirror_map returned, with the same size. */
void cci_mirror_unmap(void *mirror, size_t size);

#endif
