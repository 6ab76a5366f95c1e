/* SPDX-License-Identifier: MIT */
/* text_summary.c - the figures of a run on one screen. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "report/rank.h"
#include "report/text_metrics.h"
#include "report/text_stack.h"

enum { PEAK_LINES = 5, LEAK_LINES = 3, SIZE_LINES = 5, THREAD_LINES = 4, BAR_COLUMNS = 30 };

static unsigned width_of(const cci_report_t *r)
{
    return r->style.width ? r->style.width : CCI_WIDTH;
}

static void put_heading(const cci_report_t *r, FILE *out, const char *text)
{
    fprintf(out, "\n%s%s%s\n", cci_tone_on(&r->style, CCI_TONE_HEADING), text,
            cci_tone_off(&r->style));
}

/* ---- what ran ---- */

/* The command line, as far as it fits. */
static void put_command(const cci_report_t *r, FILE *out)
{
    size_t      length  = 0;
    const char *argv    = cci_trace_meta(r->trace, "argv", &length);
    unsigned    columns = width_of(r);

    fputs(cci_tone_on(&r->style, CCI_TONE_HEADING), out);
    if (!argv || length == 0)
        fputs("(unknown program)", out);
    for (size_t at = 0; argv && at < length && columns > 0; at += strlen(argv + at) + 1) {
        if (at > 0) {
            putc(' ', out);
            columns--;
        }
        columns -= cci_put_text(out, &r->style, argv + at, columns);
    }
    fprintf(out, "%s\n", cci_tone_off(&r->style));
}

/* The process had run before, and went on. */
static void put_attachment(const cci_trace_info_t *info, FILE *out)
{
    fprintf(out, "pid %" PRIu32 ", attached to at %s, for %s\n", info->pid,
            cci_figure_instant(info->start_real_ns).text, cci_figure_time(info->end_ns).text);
}

static void put_ending(const cci_report_t *r, FILE *out)
{
    const cci_trace_info_t *info   = cci_trace_info(r->trace);
    int                     status = info->wait_status;

    if (info->flags & CCI_TRACE_FLAG_ATTACHED) {
        put_attachment(info, out);
        return;
    }
    fprintf(out, "pid %" PRIu32 ", ", info->pid);
    if (status == -1)
        fputs("how it ended is not known,", out);
    else if (WIFSIGNALED(status))
        fprintf(out, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        fprintf(out, "exit status %d", WEXITSTATUS(status));
    fprintf(out, " after %s\n", cci_figure_time(info->end_ns).text);
}

static void put_recording(const cci_report_t *r, FILE *out)
{
    const cci_trace_info_t *info = cci_trace_info(r->trace);
    const cci_profile_t    *p    = r->profile;

    switch (p->mode) {
    case CCI_MODE_FULL:
        fprintf(out, "every call recorded: %s", cci_figure_of(p->events, "event").text);
        break;
    case CCI_MODE_SAMPLE:
        fprintf(out, "sampled every %s on average: %s",
                cci_figure_bytes(info->sample_interval).text,
                cci_figure_of(p->events, "event").text);
        break;
    case CCI_MODE_COUNT:
        fputs("counted, without blocks or sites", out);
        break;
    }
    fprintf(out, ", %s, trace of %s\n",
            cci_figure_of(cci_trace_thread_count(r->trace), "thread").text,
            cci_figure_bytes(info->file_bytes).text);
    if (p->ranged)
        fprintf(out, "only from %s to %s of the run\n", cci_figure_time(p->from_ns).text,
                cci_figure_time(p->to_ns).text);
}

/* ---- the table of totals ---- */

/* All but the label may be "". */
static void put_row(FILE *out, const char *label, const char *count, const char *bytes,
                    const char *note)
{
    fprintf(out, "  %-13s %22s", label, count);
    if (*bytes || *note)
        fprintf(out, "  %9s", bytes);
    if (*note)
        fprintf(out, "   %s", note);
    putc('\n', out);
}

/* "95 %: 40.1 MiB to 51.3 MiB" of an estimate, "" of what is exact. */
static const char *spread(char note[static 128], const cci_profile_t *p, const cci_interval_t *ci)
{
    note[0] = '\0';
    if (p->estimated)
        snprintf(note, 128, "95 %%: %s to %s", cci_figure_bytes((uint64_t)floor(ci->lo)).text,
                 cci_figure_bytes((uint64_t)ceil(ci->hi)).text);
    return note;
}

static void put_allocated(const cci_profile_t *p, FILE *out)
{
    double seconds   = cci_profile_seconds(p);
    char   note[128] = "";

    if (seconds > 0)
        snprintf(note, sizeof note, "%s/s, %s/s",
                 cci_figure_rate((double)p->total.alloc_count / seconds).text,
                 cci_figure_bytes((uint64_t)((double)p->total.alloc_bytes / seconds)).text);
    put_row(out, "Allocated", cci_figure_of(p->total.alloc_count, "block").text,
            cci_figure_bytes(p->total.alloc_bytes).text, note);
}

/* When it allocated fastest. */
static void put_busiest(const cci_profile_t *p, FILE *out)
{
    const cci_rate_peak_t *peak = &p->rates.allocs;
    char                   note[128];

    if (peak->per_second <= 0)
        return;
    snprintf(note, sizeof note, "over %s, up to %s", cci_figure_time(p->rates.window_ns).text,
             cci_figure_time(peak->end_ns).text);
    char rate[64];
    snprintf(rate, sizeof rate, "%s/s", cci_figure_rate(peak->per_second).text);
    put_row(out, "At the most", rate, "", note);
}

static void put_freed(const cci_profile_t *p, FILE *out)
{
    char note[128];

    spread(note, p, &p->ci.free_bytes);
    if (!*note && p->unmatched_frees)
        snprintf(note, sizeof note, "%s allocated before the recording",
                 cci_figure_of(p->unmatched_frees, "block").text);
    put_row(out, "Freed", cci_figure_of(p->total.free_count, "block").text,
            p->has_blocks ? cci_figure_bytes(p->total.free_bytes).text : "", note);
}

static void put_peak(const cci_profile_t *p, FILE *out)
{
    char ci[128], note[256];

    spread(ci, p, &p->ci.peak_bytes);
    snprintf(note, sizeof note, "at %s%s%s", cci_figure_time(p->peak_ns).text, *ci ? "; " : "", ci);
    put_row(out, "Peak", "", cci_figure_bytes(p->peak_bytes).text, note);
}

static void put_resident(const cci_profile_t *p, FILE *out)
{
    if (p->peak_rss)
        put_row(out, "Resident", "", cci_figure_bytes(p->peak_rss).text, "at most");
}

static void put_left(const cci_profile_t *p, FILE *out)
{
    char note[128];

    put_row(out, "Not freed", cci_figure_of(p->leaked_count, "block").text,
            cci_figure_bytes(p->leaked_bytes).text, spread(note, p, &p->ci.leaked_bytes));
}

static void put_suppressed(const cci_profile_t *p, FILE *out)
{
    if (p->suppressed_count)
        put_row(out, "Suppressed", cci_figure_of(p->suppressed_count, "block").text,
                cci_figure_bytes(p->suppressed_bytes).text, "not freed either");
}

static void put_temporary(const cci_profile_t *p, FILE *out)
{
    put_row(out, "Temporary", cci_figure_of(p->total.temporary, "block").text,
            cci_figure_percent((double)p->total.temporary, (double)p->total.alloc_count).text,
            "of blocks, freed by the thread's next call");
}

static void put_resized(const cci_profile_t *p, FILE *out)
{
    char note[128];

    snprintf(note, sizeof note, "of blocks; %s moved", cci_figure_count(p->realloc_moved).text);
    put_row(out, "Resized", cci_figure_of(p->realloc_count, "block").text,
            cci_figure_percent((double)p->realloc_count, (double)p->total.alloc_count).text, note);
}

static void put_crossing(const cci_profile_t *p, FILE *out)
{
    put_row(
        out, "Cross-thread", cci_figure_of(p->total.cross_thread_frees, "free").text,
        cci_figure_percent((double)p->total.cross_thread_frees, (double)p->total.free_count).text,
        "of frees, of another thread's block");
}

static void put_usable(const cci_profile_t *p, FILE *out)
{
    if (p->usable_alloc)
        put_row(out, "Usable", "", cci_figure_bytes(p->usable_alloc).text,
                "in the blocks that were given");
}

static void put_block_totals(const cci_profile_t *p, FILE *out)
{
    put_peak(p, out);
    put_resident(p, out);
    put_left(p, out);
    put_suppressed(p, out);
    if (!p->estimated && p->total.temporary)
        put_temporary(p, out);
    if (!p->estimated && p->realloc_count)
        put_resized(p, out);
    if (p->thread_count > 1)
        put_crossing(p, out);
}

static void put_totals(const cci_profile_t *p, FILE *out)
{
    putc('\n', out);
    put_allocated(p, out);
    put_busiest(p, out);
    put_freed(p, out);
    put_usable(p, out);
    if (p->has_blocks)
        put_block_totals(p, out);
    else
        put_resident(p, out);
}

/* ---- the sites of a rank, one line each ---- */

static bool put_site_line(const cci_report_t *r, FILE *out, uint32_t id, uint64_t value,
                          uint64_t whole)
{
    enum { FIGURES = 22 };

    fprintf(out, "  %7s  %9s  ", cci_figure_percent((double)value, (double)whole).text,
            cci_figure_bytes(value).text);
    bool done = cci_put_stack_line(r, out, r->profile->sites[id].stack, width_of(r) - FIGURES);
    putc('\n', out);
    return done;
}

static bool put_rank(const cci_report_t *r, FILE *out, cci_rank_t rank, size_t lines,
                     uint64_t whole, const char *heading)
{
    uint32_t *sites;
    size_t    n;
    bool      done = true;

    if (!cci_rank_sites(r->profile, rank, lines, &sites, &n))
        return false;
    if (n > 0)
        put_heading(r, out, heading);
    for (size_t i = 0; i < n && done; i++)
        done = put_site_line(r, out, sites[i], cci_rank_value(&r->profile->sites[sites[i]], rank),
                             whole);
    free(sites);
    return done;
}

/* ---- sizes, threads, trouble ---- */

static void put_sizes(const cci_report_t *r, FILE *out)
{
    const cci_profile_t *p = r->profile;
    char                 name[CCI_SIZE_NAME_BYTES], label[CCI_SIZE_NAME_BYTES + 8];

    if (p->hot_count == 0)
        return;
    put_heading(r, out, "Sizes asked for most often");
    for (size_t i = 0; i < p->hot_count && i < SIZE_LINES; i++) {
        cci_size_range_name(p->hot[i].lo, p->hot[i].hi, name);
        snprintf(label, sizeof label, "%s B", name);
        fprintf(out, "  %-15s %14s  %7s  ", label, cci_figure_count(p->hot[i].count).text,
                cci_figure_percent((double)p->hot[i].count, (double)p->total.alloc_count).text);
        cci_put_bar(out, &r->style, (double)p->hot[i].count, (double)p->hot[0].count, BAR_COLUMNS);
        putc('\n', out);
    }
}

static void put_thread(const cci_report_t *r, FILE *out, uint32_t i)
{
    const cci_trace_thread_t   *k = cci_trace_thread(r->trace, i);
    const cci_thread_profile_t *t = &r->profile->threads[i];
    char                        tid[16];

    snprintf(tid, sizeof tid, "%" PRIu32, k->tid);
    fprintf(out, "  %-8s ", tid);
    unsigned used = cci_put_text(out, &r->style, k->name, 15);
    fprintf(out, "%*s %14s %10s", (int)(16 - used), "", cci_figure_count(t->tally.alloc_count).text,
            cci_figure_bytes(t->tally.alloc_bytes).text);
    if (r->profile->has_blocks)
        fprintf(out, " %16s %16s", cci_figure_count(t->sent).text,
                cci_figure_count(t->tally.cross_thread_frees).text);
    putc('\n', out);
}

static bool is_one_of(const uint32_t *list, uint32_t n, uint32_t item)
{
    while (n > 0)
        if (list[--n] == item)
            return true;
    return false;
}

/* The thread with most blocks that is not among the n listed; there is one. */
static uint32_t busiest(const cci_profile_t *p, const uint32_t *listed, uint32_t n)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < p->thread_count; i++)
        if (!is_one_of(listed, n, i) &&
            (best == UINT32_MAX ||
             p->threads[i].tally.alloc_count > p->threads[best].tally.alloc_count))
            best = i;
    return best;
}

static void put_threads(const cci_report_t *r, FILE *out)
{
    const cci_profile_t *p     = r->profile;
    uint32_t             count = cci_trace_thread_count(r->trace), shown[THREAD_LINES], n = 0;

    if (count < 2)
        return;
    put_heading(r, out, "Threads");
    fprintf(out, "  %s%-8s %-16s %14s %10s%s%s\n", cci_tone_on(&r->style, CCI_TONE_DIM), "tid",
            "name", "blocks", "bytes", p->has_blocks ? "  freed by others   freed of others" : "",
            cci_tone_off(&r->style));
    for (; n < THREAD_LINES && n < count; n++) {
        shown[n] = busiest(p, shown, n);
        put_thread(r, out, shown[n]);
    }
    if (n < count)
        fprintf(out, "  and %s\n", cci_figure_of(count - n, "more thread").text);
}

static void put_warning(const cci_report_t *r, FILE *out, const char *text)
{
    fprintf(out, "%s! ", cci_tone_on(&r->style, CCI_TONE_WARNING));
    cci_put_text(out, &r->style, text, 4 * width_of(r));
    fprintf(out, "%s\n", cci_tone_off(&r->style));
}

static void put_trouble(const cci_report_t *r, FILE *out)
{
    uint64_t lost     = cci_trace_info(r->trace)->lost_events;
    size_t   warnings = cci_trace_warning_count(r->trace);
    char     line[256];

    if (lost || warnings || r->profile->implied_frees)
        putc('\n', out);
    if (lost) {
        snprintf(line, sizeof line, "%s could not be recorded: the figures are of the rest",
                 cci_figure_of(lost, "event").text);
        put_warning(r, out, line);
    }
    if (r->profile->implied_frees) {
        snprintf(line, sizeof line, "%s came again although no free of it was recorded",
                 cci_figure_of(r->profile->implied_frees, "address").text);
        put_warning(r, out, line);
    }
    for (size_t i = 0; i < warnings; i++)
        put_warning(r, out, cci_trace_warning(r->trace, i));
}

bool cci_report_summary(const cci_report_t *r, FILE *out)
{
    const cci_profile_t *p = r->profile;

    put_command(r, out);
    put_ending(r, out);
    put_recording(r, out);
    put_totals(p, out);
    if (!put_rank(r, out, CCI_RANK_PEAK, PEAK_LINES, p->peak_bytes, "Allocated at the peak by") ||
        !put_rank(r, out, CCI_RANK_LEAK, LEAK_LINES, p->leaked_bytes, "Not freed, allocated by"))
        return false;
    put_sizes(r, out);
    cci_put_lifetimes(r, out);
    cci_put_fragmentation(r, out);
    cci_put_latencies(r, out);
    put_threads(r, out);
    cci_put_flows(r, out);
    put_trouble(r, out);
    return true;
}
