/* SPDX-License-Identifier: MIT */
/* Any bytes are records that come back from their columns, or are refused; any bytes are columns
 * that come back from their records, but for the spelling of their lengths, or are refused. */
#include <stdlib.h>

#include "trace/columns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static uint8_t *room(size_t n)
{
    uint8_t *p = malloc(n);
    check(p != NULL);
    return p;
}

static uint8_t *with_slack(const uint8_t *data, size_t n)
{
    uint8_t *p = memset(room(n + CCI_RECORD_MAX), 0, n + CCI_RECORD_MAX);
    if (n)
        memcpy(p, data, n);
    return p;
}

/* out: CCI_COLUMNS_BYTES_MAX(n). */
static size_t split(const uint8_t *data, size_t n, uint8_t *out)
{
    uint8_t *records = with_slack(data, n), *scratch = room(CCI_COLUMNS_SCRATCH_BYTES(n));
    size_t   size = cci_columns_split(records, n, scratch, out);

    free(scratch);
    free(records);
    return size;
}

/* out: n + CCI_RECORD_MAX. */
static bool join(const uint8_t *data, size_t size, uint8_t *out, size_t n)
{
    uint8_t *columns = with_slack(data, size);
    bool     joined  = cci_columns_join(columns, size, out, n);

    free(columns);
    return joined;
}

static void check_split(const uint8_t *data, size_t n)
{
    uint8_t *columns = room(CCI_COLUMNS_BYTES_MAX(n)), *back = room(n + CCI_RECORD_MAX);
    size_t   size = split(data, n, columns);

    check(size <= CCI_COLUMNS_BYTES_MAX(n));
    if (size) {
        check(join(columns, size, back, n));
        check(n == 0 || memcmp(back, data, n) == 0);
    }
    free(back);
    free(columns);
}

/* The last n bytes as columns of n bytes of records. */
static void check_join(const uint8_t *data, size_t size, size_t n)
{
    uint8_t *records = room(n + CCI_RECORD_MAX), *columns = room(CCI_COLUMNS_BYTES_MAX(n));

    if (join(data, size, records, n)) {
        size_t again = split(records, n, columns);
        check(again >= n + CCI_COLUMNS);
        check(memcmp(columns + again - n, data + size - n, n) == 0);
    }
    free(columns);
    free(records);
}

/* The input is tried as columns with lengths of any spelling: 4 to 40 bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_split(data, size);
    for (size_t lengths = CCI_COLUMNS; lengths <= CCI_COLUMNS * CCI_VARINT_MAX; lengths++)
        if (lengths <= size)
            check_join(data, size, size - lengths);
    return 0;
}
