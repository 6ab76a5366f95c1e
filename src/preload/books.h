/* SPDX-License-Identifier: MIT */
/* preload/books.h - the books of the allocator whose malloc is called, if it keeps some that we can
 * read: glibc, mimalloc, jemalloc, tcmalloc. record/books.h says when they are read. */
#ifndef CCI_PRELOAD_BOOKS_H
#define CCI_PRELOAD_BOOKS_H
#include <stdbool.h>
#include "record/books.h"

/* Find whose they are. After the real functions were found. */
void cci_books_find(void);

/* A cci_books_reader_t. */
bool cci_books_read(cci_books_t *out, bool at_end);

#endif
