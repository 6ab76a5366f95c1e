/* SPDX-License-Identifier: MIT */
/* meta.c - see trace/meta.h. A handful of keys: a list that is searched from its end. */
#include "trace/meta.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct cci_meta {
    char  *key; /* the value stands in the same block */
    char  *value;
    size_t value_len;
};

static char *copy_string(char *to, const uint8_t *bytes, size_t n)
{
    memcpy(to, bytes, n);
    to[n] = '\0';
    return to + n + 1;
}

/* Both lie in one piece of memory: their lengths do not overflow. False: out of memory. */
static bool add(cci_metas_t *m, const uint8_t *key, size_t key_len, const uint8_t *value,
                size_t value_len)
{
    void *items = cci_array_room(m->items, m->count, &m->capacity, sizeof *m->items);

    if (!items)
        return false;
    m->items    = items;
    char *block = malloc(key_len + value_len + 2);
    if (!block)
        return false;
    char *second = copy_string(block, key, key_len);
    copy_string(second, value, value_len);
    m->items[m->count++] = (struct cci_meta){ block, second, value_len };
    return true;
}

cc_result_t cci_metas_take(cci_metas_t *m, cci_extended_record_t record)
{
    const uint8_t *key, *value;
    size_t         key_len, value_len;

    if (!cci_take_meta(&record, &key, &key_len, &value, &value_len))
        return CC_RESULT_DAMAGED;
    return add(m, key, key_len, value, value_len) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

bool cci_metas_copy(cci_metas_t *to, const cci_metas_t *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct cci_meta *meta = &from->items[i];
        if (!add(to, (const uint8_t *)meta->key, strlen(meta->key), (const uint8_t *)meta->value,
                 meta->value_len))
            return false;
    }
    return true;
}

const char *cci_metas_find(const cci_metas_t *m, const char *key, size_t *len)
{
    for (size_t i = m->count; i-- > 0;) {
        if (strcmp(m->items[i].key, key) == 0) {
            if (len)
                *len = m->items[i].value_len;
            return m->items[i].value;
        }
    }
    return NULL;
}

void cci_metas_fini(cci_metas_t *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->items[i].key);
    free(m->items);
    *m = (cci_metas_t){ 0 };
}
