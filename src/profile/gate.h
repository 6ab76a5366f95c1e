/* SPDX-License-Identifier: MIT */
/* profile/gate.h - conditions over two runs, for a build to fail by.
 *
 *     GATE    = SUBJECT OP VALUE
 *     SUBJECT = FIELD                      a figure of the run: peak_allocated
 *             | "site:" PATTERN ":" AMOUNT   the sum over sites with a function like PATTERN
 *             | "site_changes." CHANGE     how many places appeared, vanished, grew, ...
 *     OP      = ">" | ">=" | "<" | "<=" | "==" | "!="
 *     VALUE   = [ "+" | "-" ] DIGITS [ "." DIGITS ] [ UNIT ]
 *     UNIT    = "%" | "B" | "KiB" | "MiB" | "GiB" | "TiB" | "ns" | "us" | "ms" | "s"
 *
 * Blanks may stand between them. Without a sign NEW is compared with VALUE, with one it is compared
 * with OLD and so much more or less. PATTERN is one of fnmatch(3) without escapes; it ends at the last
 * colon, because those of C++ names are its own. docs/diff.md explains all of it to users.
 *
 * A gate holds when the difference makes it certain: of estimates, the whole interval of 95 %. A
 * gate that nothing can be said of is unknown, never passed.
 */
#ifndef CCI_PROFILE_GATE_H
#define CCI_PROFILE_GATE_H
#include "profile/diff.h"

enum { CCI_GATE_PATTERN_MAX = 256 };

typedef enum { CCI_GATE_FIELD, CCI_GATE_SITES, CCI_GATE_PLACES } cci_gate_subject_t;
typedef enum {
    CCI_GATE_MORE,
    CCI_GATE_AT_LEAST,
    CCI_GATE_LESS,
    CCI_GATE_AT_MOST,
    CCI_GATE_EQUAL,
    CCI_GATE_UNEQUAL
} cci_gate_operator_t;

/* Holds when 100 NEW - percent OLD (operator) 100 offset. */
typedef struct cci_gate {
    const char         *text; /* as given */
    cci_gate_subject_t  subject;
    const cci_field_t  *field;                         /* CCI_GATE_FIELD  */
    char                pattern[CCI_GATE_PATTERN_MAX]; /* CCI_GATE_SITES  */
    cci_amount_t        amount;                        /* CCI_GATE_SITES  */
    cci_place_change_t  change;                        /* CCI_GATE_PLACES */
    cci_gate_operator_t op;
    double              percent; /* 0: OLD is not asked for */
    double              offset;
} cci_gate_t;

typedef enum {
    CCI_GATE_NAME_IS_KNOWN, /* the error is another */
    CCI_GATE_NO_FIELD,
    CCI_GATE_NO_AMOUNT,
    CCI_GATE_NO_CHANGE
} cci_gate_unknown_t;

typedef struct cci_gate_error {
    size_t             column; /* of the first byte that is wrong, from 1 */
    const char        *why;
    cci_gate_unknown_t unknown; /* a name that there is not, */
    size_t             length;  /* of so many bytes          */
} cci_gate_error_t;

/* text must outlive the gate. False: *error says why. O(length). */
bool cci_gate_parse(cci_gate_t *out, const char *text, cci_gate_error_t *error);

typedef enum { CCI_GATE_PASSES, CCI_GATE_FAILS, CCI_GATE_UNKNOWN } cci_outcome_t;

/* c: the values of the gate's subject. */
cci_outcome_t cci_gate_judge(const cci_gate_t *g, const cci_change_t *c);

/* Whether the gate would fail if the estimates were exact: it passes because of chance only. */
bool cci_gate_is_doubtful(const cci_gate_t *g, const cci_change_t *c);

cci_unit_t cci_gate_unit(const cci_gate_t *g);

/* The names of a kind, for suggestions: number i, NULL after the last. */
const char *cci_gate_name(cci_gate_unknown_t kind, size_t i);

#endif
