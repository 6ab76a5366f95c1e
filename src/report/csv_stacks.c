/* SPDX-License-Identifier: MIT */
/* csv_stacks.c - the tables of stacks and of their frames. See report/csv_parts.h.
 *
 * Stacks are a tree, as in the trace: a row is one frame and the row of its caller, so a table grows
 * with the calls that there are and not with sites times depth. A stack goes by the number of
 * its node in the trace, which a site knows without a look at any symbol. Where functions were
 * inlined, one node is several rows: the innermost has the node's number, the others follow after
 * those of all nodes.
 *
 * A frame is a function at a place of the code (a module and an offset), where it was inlined one
 * of several. Both tables number the places in the order of nodes, so they agree without
 * knowing of each other, and a caller's row always stands before those of what it calls.
 */
#include <stdlib.h>
#include "base/array.h"
#include "report/csv_parts.h"
#include "report/numbers.h"
#include "report/rank.h"

typedef struct walk {
    const cci_report_t *report;
    bool               *is_used; /* by node: it is in a stack of a site that is shown */
    cci_pairs_t         places;  /* modules and offsets */
    uint32_t           *first;   /* by place: the number of its innermost frame */
    size_t              first_capacity;
    uint32_t            frame_count;
    /* Where it is. */
    uint32_t    node, place;
    cci_stack_t news;   /* the frames of a place that was not known before, else none */
    bool        failed; /* out of memory: the walk is over */
} walk_t;

/* ---- which nodes ---- */

static void use_stack(walk_t *k, uint32_t node)
{
    for (; node != 0 && !k->is_used[node]; node = cci_trace_node(k->report->trace, node)->parent)
        k->is_used[node] = true;
}

static bool find_used(walk_t *k)
{
    const cci_profile_t *p      = k->report->profile;
    bool                *chosen = cci_rank_choose(p, k->report->top);

    k->is_used = calloc(cci_trace_node_count(k->report->trace), sizeof *k->is_used);
    bool done  = chosen && k->is_used;
    for (size_t i = 0; done && i < p->site_count; i++)
        if (chosen[i])
            use_stack(k, p->sites[i].stack);
    free(chosen);
    return done;
}

/* ---- the walk ---- */

/* The place, known as number k->place by now, has the next numbers of frames. */
static bool number_frames(walk_t *k)
{
    uint32_t *room = cci_array_room(k->first, k->place, &k->first_capacity, sizeof *room);

    if (!room)
        return false;
    k->first = room;
    if (!cci_frames_at(k->report->frames, k->node, &k->news))
        return false;
    k->first[k->place] = k->frame_count;
    k->frame_count += (uint32_t)k->news.count;
    return true;
}

static bool visit(walk_t *k)
{
    const cci_stack_node_t *n     = cci_trace_node(k->report->trace, k->node);
    const size_t            known = k->places.count;

    k->news = (cci_stack_t){ NULL, 0 };
    if (!cci_pairs_number(&k->places, (cci_pair_t){ n->module, n->offset }, &k->place))
        return false;
    return k->place < known || number_frames(k);
}

/* Before the first node: node 0 is none. */
static walk_t begin(const cci_report_t *r)
{
    walk_t k = { .report = r };

    k.failed = !find_used(&k);
    return k;
}

/* To the next node that is used. False: there is none, or the walk failed. */
static bool next(walk_t *k)
{
    const uint32_t count = cci_trace_node_count(k->report->trace);

    while (!k->failed && ++k->node < count)
        if (k->is_used[k->node]) {
            k->failed = !visit(k);
            return !k->failed;
        }
    return false;
}

/* False: it failed. */
static bool end(walk_t *k)
{
    free(k->is_used);
    free(k->first);
    cci_pairs_fini(&k->places);
    return !k->failed;
}

/* ---- frames ---- */

static void put_frame(cci_csv_t *w, uint32_t number, const cci_frame_t *f)
{
    cci_csv_uint(w, "frame", number);
    cci_csv_text(w, "function", f->function);
    cci_csv_text(w, "file", f->file);
    cci_csv_known(w, "line", f->line, f->line != 0);
    cci_csv_text(w, "module", f->module);
    cci_csv_uint(w, "inlined", f->inlined);
    cci_csv_hex(w, "offset", f->offset);
    cci_csv_end_row(w);
}

bool cci_csv_frames(cci_csv_t *w, const cci_report_t *r)
{
    static const cci_frame_t nothing;
    walk_t                   k = begin(r);

    put_frame(w, 0, &nothing);
    while (next(&k))
        for (uint32_t i = 0; i < k.news.count; i++)
            put_frame(w, k.first[k.place] + i, &k.news.frame[i]);
    return end(&k);
}

/* ---- stacks ---- */

/* parent 0: it was called by nobody that is known. */
static void put_stack(cci_csv_t *w, uint64_t stack, uint64_t parent, uint32_t frame)
{
    cci_csv_uint(w, "stack", stack);
    cci_csv_known(w, "parent", parent, parent != 0);
    cci_csv_uint(w, "frame", frame);
    cci_csv_end_row(w);
}

static uint32_t frames_end(const walk_t *k)
{
    return k->place + 1 < k->places.count ? k->first[k->place + 1] : k->frame_count;
}

/* The rows of a node, outermost first. *number is the next one that no node has. */
static void put_node(cci_csv_t *w, const walk_t *k, uint64_t *number)
{
    uint64_t parent = cci_trace_node(k->report->trace, k->node)->parent;

    for (uint32_t frame = frames_end(k) - 1; frame > k->first[k->place]; frame--) {
        put_stack(w, *number, parent, frame);
        parent = (*number)++;
    }
    put_stack(w, k->node, parent, k->first[k->place]);
}

bool cci_csv_stacks(cci_csv_t *w, const cci_report_t *r)
{
    walk_t   k      = begin(r);
    uint64_t number = cci_trace_node_count(r->trace);

    put_stack(w, 0, 0, 0);
    while (next(&k))
        put_node(w, &k, &number);
    return end(&k);
}
