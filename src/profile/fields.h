/* SPDX-License-Identifier: MIT */
/* profile/fields.h - the figures of a report by the names that the JSON report gives them.
 *
 * Fields are figures of a whole run ("peak_allocated", "program.exit_status"); amounts are figures
 * of one site, which add up over sites. docs/report.md says what each means. A test holds the
 * fields against the JSON report: a number that is in one is in the other.
 */
#ifndef CCI_PROFILE_FIELDS_H
#define CCI_PROFILE_FIELDS_H
#include "profile/change.h"
#include "profile/profile.h"

typedef enum {
    CCI_UNIT_COUNT,
    CCI_UNIT_BYTES,
    CCI_UNIT_NANOSECONDS,
    CCI_UNIT_SECONDS,
    CCI_UNIT_PERCENT,
    CCI_UNIT_PART, /* 0 to 1 */
    CCI_UNIT_PER_SECOND,
    CCI_UNIT_BYTES_PER_SECOND
} cci_unit_t;

/* A run: what its events add up to, and what the trace says itself. */
typedef struct cci_run {
    const cci_profile_t    *profile;
    const cci_trace_info_t *info;
} cci_run_t;

/* ---- of the whole run ---- */

typedef struct cci_field cci_field_t;

size_t             cci_field_count(void);
const cci_field_t *cci_field_at(size_t i);

/* NULL: there is none of that name. */
const cci_field_t *cci_field_find(const char *name, size_t length);

const char *cci_field_name(const cci_field_t *f);
cci_unit_t  cci_field_unit(const cci_field_t *f);

/* Whether it is right even when events are missing. */
bool cci_field_is_certain(const cci_field_t *f);

/* Its value; not known where the JSON report says null. O(1). */
cci_value_t cci_field_value(const cci_field_t *f, const cci_run_t *run);

/* ---- of a site ---- */

typedef enum {
    CCI_AMOUNT_ALLOC_COUNT,
    CCI_AMOUNT_ALLOC_BYTES,
    CCI_AMOUNT_FREE_COUNT,
    CCI_AMOUNT_LIVE_COUNT,
    CCI_AMOUNT_LIVE_BYTES,
    CCI_AMOUNT_LEAKED_COUNT,
    CCI_AMOUNT_LEAKED_BYTES,
    CCI_AMOUNT_PEAK_BYTES,
    CCI_AMOUNT_BYTES_AT_PEAK,
    CCI_AMOUNT_TEMPORARY_COUNT,
    CCI_AMOUNT_REALLOC_COUNT,
    CCI_AMOUNT_REALLOC_MOVED,
    CCI_AMOUNT_CROSS_THREAD
} cci_amount_t;
enum { CCI_AMOUNTS = CCI_AMOUNT_CROSS_THREAD + 1 };

/* False: there is none of that name. */
bool cci_amount_find(const char *name, size_t length, cci_amount_t *out);

const char *cci_amount_name(cci_amount_t m);
cci_unit_t  cci_amount_unit(cci_amount_t m);

/* Of site number `site` of the run. O(1). */
cci_value_t cci_amount_value(cci_amount_t m, const cci_run_t *run, uint32_t site);

/* Of a place without a site: nothing, which in a sample is nothing seen. Blocks would be of
 * block_bytes; 0 = nobody knows. */
cci_value_t cci_amount_none(cci_amount_t m, const cci_run_t *run, double block_bytes);

/* The mean size of a run's, or a site's, blocks; 0 of none. */
double cci_tally_block(const cci_tally_t *t);

#endif
