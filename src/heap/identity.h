/* SPDX-License-Identifier: MIT */
/* heap/identity.h - which size class a block belongs to, told from the block alone.
 *
 * A block says nothing of itself, but the backend says how many bytes it has. Read as "the largest
 * class within them", that is the class it was allocated for: nearly always. What reads wrongly is
 * noted in a map when it is allocated, and taken out when the backend gets it back: a block of
 * glibc that has 16 bytes more because nothing could be cut off; a node inside a larger one. So a free without a size counts exactly what was allocated, and a free with a
 * wrong size can be told from a block that is odd.
 *
 * Threads  any. The map's lock is only taken while the map holds anything.
 */
#ifndef CCI_HEAP_IDENTITY_H
#define CCI_HEAP_IDENTITY_H
#include <stdbool.h>
#include <stddef.h>
#include <ccmem/backend.h>
#include "heap/size_class.h"

/* New blocks of a bin: note those that read wrongly. Returns how many of them can be used; those that
 * no memory was left to note are given back. */
size_t cci_identity_learn(const cc_backend_t *backend, size_t bin, void **blocks, size_t n);

/* Blocks of a bin go back to the backend. */
void cci_identity_forget(void *const *blocks, size_t n);

/* The class of a block with so many usable bytes, CCI_CLASS_NONE for a large one. */
size_t cci_identity_of(const void *block, size_t usable);

/* Blocks were freed as belonging to a bin: end the process with a line when one does not. */
void cci_identity_check(size_t bin, void *const *blocks, size_t n);

/* For a fork. */
void cci_identity_lock(void);
void cci_identity_unlock(void);

#endif
