/* SPDX-License-Identifier: MIT */
/* gate.c - see profile/gate.h. */
#include <stdlib.h>
#include <string.h>
#include "profile/gate.h"

enum { NUMBER_BYTES = 24 };

typedef struct parser {
    cci_gate_t       *gate;
    cci_gate_error_t *error;
    const char       *at;
} parser_t;

/* ---- words ---- */

static bool refuse(const parser_t *p, const char *at, const char *why)
{
    *p->error = (cci_gate_error_t){ .column = (size_t)(at - p->gate->text) + 1, .why = why };
    return false;
}

static bool refuse_name(const parser_t *p, const char *at, size_t length, const char *why,
                        cci_gate_unknown_t unknown)
{
    refuse(p, at, why);
    p->error->unknown = unknown;
    p->error->length  = length;
    return false;
}

static void skip_blanks(parser_t *p)
{
    p->at += strspn(p->at, " \t");
}

/* What comes next, if it is this word. */
static bool take(parser_t *p, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

static size_t name_length(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
}

/* ---- the subject ---- */

static bool find_change(const char *name, size_t length, cci_place_change_t *out)
{
    for (int c = 0; c < CCI_PLACE_CHANGES; c++) {
        const char *known = cci_place_change_name((cci_place_change_t)c);
        if (strlen(known) == length && memcmp(known, name, length) == 0) {
            *out = (cci_place_change_t)c;
            return true;
        }
    }
    return false;
}

static bool parse_change(parser_t *p)
{
    size_t length = name_length(p->at);

    p->gate->subject = CCI_GATE_PLACES;
    if (!find_change(p->at, length, &p->gate->change))
        return refuse_name(p, p->at, length, "no such change of sites", CCI_GATE_NO_CHANGE);
    p->at += length;
    return true;
}

static bool parse_field(parser_t *p)
{
    size_t length = name_length(p->at);

    if (length == 0)
        return refuse(p, p->at, "expected a field");
    p->gate->subject = CCI_GATE_FIELD;
    p->gate->field   = cci_field_find(p->at, length);
    if (!p->gate->field)
        return refuse_name(p, p->at, length, "no such field", CCI_GATE_NO_FIELD);
    p->at += length;
    return true;
}

static bool parse_sites(parser_t *p)
{
    const char *colon  = strrchr(p->at, ':');
    size_t      length = colon ? (size_t)(colon - p->at) : 0;

    p->gate->subject = CCI_GATE_SITES;
    if (!colon)
        return refuse(p, p->at + strlen(p->at), "expected ':' and a figure of sites");
    if (length == 0)
        return refuse(p, p->at, "expected a pattern of functions");
    if (length >= CCI_GATE_PATTERN_MAX)
        return refuse(p, p->at, "too long a pattern");
    memcpy(p->gate->pattern, p->at, length);
    p->at  = colon + 1;
    length = name_length(p->at);
    if (!cci_amount_find(p->at, length, &p->gate->amount))
        return refuse_name(p, p->at, length, "no such figure of sites", CCI_GATE_NO_AMOUNT);
    p->at += length;
    return true;
}

static bool parse_subject(parser_t *p)
{
    if (take(p, "site:"))
        return parse_sites(p);
    if (take(p, "site_changes."))
        return parse_change(p);
    return parse_field(p);
}

/* ---- the operator ---- */

/* The longer ones first. */
static bool parse_operator(parser_t *p)
{
    static const struct {
        const char         *word;
        cci_gate_operator_t op;
    } OPERATORS[] = {
        { ">=", CCI_GATE_AT_LEAST }, { "<=", CCI_GATE_AT_MOST }, { "==", CCI_GATE_EQUAL },
        { "!=", CCI_GATE_UNEQUAL },  { ">", CCI_GATE_MORE },     { "<", CCI_GATE_LESS },
    };
    for (size_t i = 0; i < sizeof OPERATORS / sizeof OPERATORS[0]; i++)
        if (take(p, OPERATORS[i].word)) {
            p->gate->op = OPERATORS[i].op;
            return true;
        }
    return refuse(p, p->at, "expected one of > >= < <= == !=");
}

/* ---- the value ---- */

/* Digits, perhaps a point and more of them: nothing else that strtod would take. */
static bool parse_number(parser_t *p, double *out)
{
    static const char DIGITS[] = "0123456789";
    size_t            length   = strspn(p->at, DIGITS);
    char              number[NUMBER_BYTES];

    if (length == 0)
        return refuse(p, p->at, "expected a number");
    if (p->at[length] == '.') {
        size_t after = strspn(p->at + length + 1, DIGITS);
        if (after == 0)
            return refuse(p, p->at + length + 1, "expected digits");
        length += 1 + after;
    }
    if (length >= sizeof number)
        return refuse(p, p->at, "too long a number");
    memcpy(number, p->at, length);
    number[length] = '\0';
    *out           = strtod(number, NULL);
    p->at += length;
    return true;
}

typedef struct unit {
    const char *word;
    cci_unit_t  of; /* what it is a unit of */
    double      factor;
} unit_t;

/* The longer ones first. */
static const unit_t UNITS[] = {
    { "KiB", CCI_UNIT_BYTES, 0x1p10 },   { "MiB", CCI_UNIT_BYTES, 0x1p20 },
    { "GiB", CCI_UNIT_BYTES, 0x1p30 },   { "TiB", CCI_UNIT_BYTES, 0x1p40 },
    { "B", CCI_UNIT_BYTES, 1 },          { "ns", CCI_UNIT_NANOSECONDS, 1 },
    { "us", CCI_UNIT_NANOSECONDS, 1e3 }, { "ms", CCI_UNIT_NANOSECONDS, 1e6 },
    { "s", CCI_UNIT_NANOSECONDS, 1e9 },  { "%", CCI_UNIT_PERCENT, 1 },
};

/* How many of the figure's own units one is; 0: it does not measure that. */
static double factor_for(const unit_t *unit, cci_unit_t figure)
{
    if (figure == CCI_UNIT_BYTES_PER_SECOND)
        figure = CCI_UNIT_BYTES;
    if (figure == CCI_UNIT_SECONDS && unit->of == CCI_UNIT_NANOSECONDS)
        return unit->factor / 1e9;
    if (figure == CCI_UNIT_PART && unit->of == CCI_UNIT_PERCENT)
        return unit->factor / 100;
    return figure == unit->of ? unit->factor : 0;
}

static const unit_t *take_unit(parser_t *p)
{
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++)
        if (take(p, UNITS[i].word))
            return &UNITS[i];
    return NULL;
}

/* sign 0: NEW itself is meant, else how much it is above (1) or below (-1) OLD. */
static void set_value(cci_gate_t *g, int sign, double number, bool of_old)
{
    g->percent = sign == 0 ? 0 : of_old ? 100 + sign * number : 100;
    g->offset  = of_old ? 0 : sign < 0 ? -number : number;
}

static bool apply_unit(parser_t *p, int sign, double number)
{
    const char   *start  = p->at;
    const unit_t *unit   = take_unit(p);
    double        factor = unit ? factor_for(unit, cci_gate_unit(p->gate)) : 1;
    bool          of_old = unit && unit->of == CCI_UNIT_PERCENT && sign != 0;

    if (unit && unit->of == CCI_UNIT_PERCENT && sign == 0 && factor <= 0)
        return refuse(p, start, "a percentage of OLD needs a sign, such as +5%");
    if (of_old && sign < 0 && number > 100)
        return refuse(p, start, "less than nothing");
    if (factor <= 0 && !of_old)
        return refuse(p, start, "not a unit of this figure");
    set_value(p->gate, sign, of_old ? number : number * factor, of_old);
    return true;
}

static bool parse_value(parser_t *p)
{
    const char *start = p->at;
    int         sign  = take(p, "+") ? 1 : take(p, "-") ? -1 : 0;
    double      number;

    if (sign != 0 && p->gate->subject == CCI_GATE_PLACES)
        return refuse(p, start, "changes of sites have no value in OLD: expected no sign");
    skip_blanks(p);
    if (!parse_number(p, &number))
        return false;
    skip_blanks(p);
    return apply_unit(p, sign, number);
}

bool cci_gate_parse(cci_gate_t *out, const char *text, cci_gate_error_t *error)
{
    parser_t p = { .gate = out, .error = error, .at = text };

    *out = (cci_gate_t){ .text = text };
    skip_blanks(&p);
    if (!parse_subject(&p))
        return false;
    skip_blanks(&p);
    if (!parse_operator(&p))
        return false;
    skip_blanks(&p);
    if (!parse_value(&p))
        return false;
    skip_blanks(&p);
    return *p.at == '\0' || refuse(&p, p.at, "expected nothing more");
}

const char *cci_gate_name(cci_gate_unknown_t kind, size_t i)
{
    switch (kind) {
    case CCI_GATE_NO_FIELD:
        return i < cci_field_count() ? cci_field_name(cci_field_at(i)) : NULL;
    case CCI_GATE_NO_AMOUNT:
        return i < CCI_AMOUNTS ? cci_amount_name((cci_amount_t)i) : NULL;
    case CCI_GATE_NO_CHANGE:
        return i < CCI_PLACE_CHANGES ? cci_place_change_name((cci_place_change_t)i) : NULL;
    case CCI_GATE_NAME_IS_KNOWN:
        break;
    }
    return NULL;
}

cci_unit_t cci_gate_unit(const cci_gate_t *g)
{
    switch (g->subject) {
    case CCI_GATE_FIELD:
        return cci_field_unit(g->field);
    case CCI_GATE_SITES:
        return cci_amount_unit(g->amount);
    case CCI_GATE_PLACES:
        break;
    }
    return CCI_UNIT_COUNT;
}

/* ---- judging ---- */

static cci_outcome_t outcome(bool fails)
{
    return fails ? CCI_GATE_FAILS : CCI_GATE_PASSES;
}

/* That two figures are equal is never certain of estimates, only that they are not. */
static cci_outcome_t judge_equal(cci_interval_t ci, double bound)
{
    if (bound < ci.lo || bound > ci.hi)
        return CCI_GATE_PASSES;
    return ci.lo == ci.hi ? CCI_GATE_FAILS : CCI_GATE_UNKNOWN;
}

static cci_outcome_t judge(cci_gate_operator_t op, cci_interval_t ci, double bound)
{
    switch (op) {
    case CCI_GATE_MORE:
        return outcome(ci.lo > bound);
    case CCI_GATE_AT_LEAST:
        return outcome(ci.lo >= bound);
    case CCI_GATE_LESS:
        return outcome(ci.hi < bound);
    case CCI_GATE_AT_MOST:
        return outcome(ci.hi <= bound);
    case CCI_GATE_EQUAL:
        return judge_equal(ci, bound);
    case CCI_GATE_UNEQUAL:
        return outcome(bound < ci.lo || bound > ci.hi);
    }
    return CCI_GATE_UNKNOWN;
}

static bool is_known(const cci_gate_t *g, const cci_change_t *c)
{
    return c->new.known && (c->old.known || g->percent <= 0);
}

cci_outcome_t cci_gate_judge(const cci_gate_t *g, const cci_change_t *c)
{
    if (!is_known(g, c))
        return CCI_GATE_UNKNOWN;
    return judge(g->op, cci_change_interval(c, 100, g->percent), 100 * g->offset);
}

bool cci_gate_is_doubtful(const cci_gate_t *g, const cci_change_t *c)
{
    const cci_change_t exact = { cci_value_exact(c->old.value), cci_value_exact(c->new.value) };

    return is_known(g, c) && cci_gate_judge(g, c) != CCI_GATE_FAILS &&
           cci_gate_judge(g, &exact) == CCI_GATE_FAILS;
}
