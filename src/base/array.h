/* SPDX-License-Identifier: MIT */
/* base/array.h - room for one more item in a growing array. */
#ifndef CCI_ARRAY_H
#define CCI_ARRAY_H
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* items, moved where there is room for at least count + 1 of them; NULL: out of memory, items
 * and capacity are as before. Amortised O(1). */
static inline void *cci_array_room(void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    size_t more = *capacity ? *capacity : 8;
    if (*capacity > PTRDIFF_MAX / item_size - more)
        return NULL;
    void *moved = realloc(items, (*capacity + more) * item_size);
    if (moved)
        *capacity += more;
    return moved;
}

#endif
