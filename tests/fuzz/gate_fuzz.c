/* SPDX-License-Identifier: MIT */
/* Any text is a gate or is refused with a column in it and a reason; a gate has sound parts and can
 * be judged. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "profile/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void check_gate(const cci_gate_t *g, const char *text)
{
    check(g->text == text);
    check(isfinite(g->offset) && isfinite(g->percent) && g->percent >= 0);
    check((g->subject == CCI_GATE_FIELD) == (g->field != NULL));
    check((g->subject == CCI_GATE_SITES) == (g->pattern[0] != '\0'));
    check(g->subject != CCI_GATE_PLACES || g->percent <= 0);
    check(memchr(g->pattern, '\0', sizeof g->pattern) != NULL);
}

/* Of two exact figures each gate says either yes or no, and its opposite says the other. */
static void check_outcome(cci_gate_t g, double old, double new)
{
    static const cci_gate_operator_t OPPOSITE[] = {
        [CCI_GATE_MORE] = CCI_GATE_AT_MOST,  [CCI_GATE_AT_MOST] = CCI_GATE_MORE,
        [CCI_GATE_LESS] = CCI_GATE_AT_LEAST, [CCI_GATE_AT_LEAST] = CCI_GATE_LESS,
        [CCI_GATE_EQUAL] = CCI_GATE_UNEQUAL, [CCI_GATE_UNEQUAL] = CCI_GATE_EQUAL,
    };
    const cci_change_t c     = { cci_value_exact(old), cci_value_exact(new) };
    cci_outcome_t      first = cci_gate_judge(&g, &c);

    g.op = OPPOSITE[g.op];
    check(first != CCI_GATE_UNKNOWN && cci_gate_judge(&g, &c) != CCI_GATE_UNKNOWN);
    check(first != cci_gate_judge(&g, &c));
}

static void check_error(const cci_gate_error_t *e, const char *text)
{
    check(e->column >= 1 && e->column <= strlen(text) + 1);
    check(e->why && e->why[0]);
    check(e->column - 1 + e->length <= strlen(text));
    check(e->unknown == CCI_GATE_NAME_IS_KNOWN || cci_gate_name(e->unknown, 0) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char            *text = malloc(size + 1);
    cci_gate_t       g;
    cci_gate_error_t e;

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    if (cci_gate_parse(&g, text, &e)) {
        check_gate(&g, text);
        check_outcome(g, 0, 0);
        check_outcome(g, 1000, 1050);
        check_outcome(g, 0x1p40, 3);
    } else {
        check_error(&e, text);
    }
    free(text);
    return 0;
}
