/* SPDX-License-Identifier: MIT */
/* watching.c - see watching.h. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "cli.h"
#include "watching.h"

/* ---- what the collector calls ---- */

/* The program runs already, and goes on. */
static void started(void *watch)
{
    cc_result_t r = cci_watch_start(watch);

    if (r != CC_RESULT_OK)
        cci_fail(0, "profile", "--live", "%s; the recording goes on", cc_result_text(r));
}

static void begin(void *watch, const cci_trace_header_t *header, const char *path)
{
    cci_watch_begin(watch, header, path);
}

static bool wants(void *watch)
{
    return cci_watch_wants(watch);
}

static void chunk(void *watch, const cci_chunk_header_t *header, const uint8_t *body, size_t used)
{
    cci_watch_chunk(watch, header, body, used);
}

static void commit(void *watch, cci_clock_pair_t now, uint64_t end, const cci_rss_sample_t *rss,
                   size_t rss_count)
{
    cci_watch_commit(watch, now, end, rss, rss_count);
}

const cci_collector_view_t *cci_watching_view(cci_watching_t *w)
{
    w->view = (cci_collector_view_t){ w->watch, started, begin, wants, chunk, commit };
    return w->watch ? &w->view : NULL;
}

/* ---- opening ---- */

/* Metrics are read from the trace while it is written. */
static int refuse_device(const char *out)
{
    struct stat st;

    if (!out || stat(out, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return CCI_GO_ON;
    return cci_fail(CCI_EXIT_USAGE, "profile", out,
                    "no regular file: --live reads the trace while it is written");
}

/* ":0", "0": the port is the system's choice. */
static bool is_any_port(const char *where)
{
    const char *colon = strrchr(where, ':');
    const char *port  = colon ? colon + 1 : where;
    return strspn(port, "0") == strlen(port);
}

static void say_where(const cci_watching_t *w, bool needed)
{
    if (!w->listener.loopback)
        cci_fail(0, "profile", "--live", "other machines can reach %s and read all of it",
                 w->listener.name);
    if (needed)
        fprintf(stderr, "ccmem: profile: live at http://%s/\n", w->listener.name);
}

int cci_watching_open(cci_watching_t *w, const char *where, const char *out, const char *program,
                      bool quiet)
{
    const char *why;
    int         status = refuse_device(out);

    if (status != CCI_GO_ON)
        return status;
    cc_result_t r = cci_listener_open(&w->listener, where, &why);
    if (r != CC_RESULT_OK)
        return cci_fail(r == CC_RESULT_INVALID ? CCI_EXIT_USAGE : CCI_EXIT_SYSTEM, "profile",
                        "--live", "'%s': %s", where, why);
    if (cci_watch_create(&w->watch, &w->listener, program) != CC_RESULT_OK) {
        cci_listener_close(&w->listener);
        return cci_fail(CCI_EXIT_SYSTEM, "profile", "--live", "%s", strerror(ENOMEM));
    }
    say_where(w, !quiet || is_any_port(where));
    return CCI_GO_ON;
}

void cci_watching_close(cci_watching_t *w)
{
    if (!w->watch)
        return;
    cci_watch_destroy(w->watch);
    cci_listener_close(&w->listener);
    w->watch = NULL;
}
