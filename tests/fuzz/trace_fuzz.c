/* SPDX-License-Identifier: MIT */
/* Any bytes are a trace or are refused; a trace that was opened can be read to its end, and what
 * it gives out is consistent. */
#include <stdlib.h>

#include "trace/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
    if (!fine)
        abort();
}

/* Outward from a stack: every step is to a smaller number, so it ends. */
static void walk(const cci_trace_t *t, uint32_t node)
{
    check(node < cci_trace_node_count(t));
    while (node) {
        const cci_stack_node_t *n = cci_trace_node(t, node);
        check(n->parent < node && n->module < cci_trace_module_count(t));
        node = n->parent;
    }
}

static void check_event(const cci_trace_t *t, const cci_event_t *e, uint64_t not_before)
{
    check(e->op >= CCI_OP_MALLOC && e->op <= CCI_OP_ALIGNED);
    check(e->thread < cci_trace_thread_count(t) && e->align_log2 < 64);
    check(e->time_ns >= not_before && e->time_ns <= cci_trace_info(t)->end_ns);
    check(e->op == CCI_OP_REALLOC || e->old_ptr == 0);
    check(e->op != CCI_OP_FREE || (e->size == 0 && e->stack == 0));
}

static void check_measures(const cci_trace_measures_t *m)
{
    for (int kind = 0; m && kind < CCI_MEASURED_KINDS; kind++) {
        uint64_t count = 0;
        for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++)
            count += m->ticks[kind].bucket[b];
        check(count == m->ticks[kind].count);
    }
}

static void check_rest(const cci_trace_t *t)
{
    const cci_rss_sample_t *rss;
    size_t                  n = cci_trace_rss(t, &rss);

    for (size_t i = 1; i < n; i++)
        check(rss[i - 1].time_ns <= rss[i].time_ns);
    for (uint32_t i = 0; i < cci_trace_thread_count(t); i++)
        check(cci_trace_thread(t, i)->first_ns <= cci_trace_thread(t, i)->last_ns);
    for (uint32_t i = 0; i < cci_trace_thread_count(t); i++)
        check_measures(cci_trace_thread(t, i)->measures);
    for (size_t i = 0; i < cci_trace_books_count(t); i++)
        check(cci_trace_books(t, i).time_ns <= UINT64_C(1) << 63);
    for (size_t i = 0; i < cci_trace_warning_count(t); i++)
        check(cci_trace_warning(t, i)[0] != '\0');
    cci_trace_meta(t, "exe", &n);
    check(cci_trace_progress(t) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cci_trace_t *t;
    cci_event_t  e;
    uint64_t     before = 0;

    if (cci_trace_open_memory(&t, data, size) != CC_RESULT_OK) {
        check(cci_trace_open_error()[0] != '\0');
        return 0;
    }
    while (cci_trace_next(t, &e)) {
        check_event(t, &e, before);
        walk(t, e.stack);
        before = e.time_ns;
    }
    check(cci_trace_status(t) == CC_RESULT_OK);
    check_rest(t);
    cci_trace_close(t);
    return 0;
}
