/* SPDX-License-Identifier: MIT */
/* record/collector.c - see record/collector.h. */
#include "record/collector.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/array.h"
#include "prim/clock.h"
#include "prim/futex.h"
#include "record/collector_process.h"
#include "record/collector_signals.h"
#include "record/collector_spool.h"
#include "record/control.h"
#include "record/environment.h"
#include "record/pool.h"

enum { TICK_MS = 20, LEFTOVER_CHECK_MS = 200, LEFTOVER_SAY_MS = 500 };

/* ---- the collector ---- */

typedef struct traced_process {
    int      pid;
    unsigned traces;
} traced_process_t;

typedef struct collector {
    const cci_collector_options_t *options;
    cci_collector_result_t        *result;
    cci_spool_t                    spool;
    cci_packer_t                   packer;
    cci_trace_file_t               main_file; /* made before the program runs */
    char                           main_path[PATH_MAX];
    cci_process_pool_t            *pools;
    uint32_t                       pools_seen;
    traced_process_t              *process; /* all that there were */
    size_t                         process_count, process_capacity;
    char *const                   *argv;   /* our child's; NULL with attach */
    cci_attach_t                  *attach; /* NULL: the program is our child */
    pid_t                          child;  /* the program */
    bool                           child_ended;
    uint64_t                       started; /* CLOCK_MONOTONIC, ns */
    cci_attach_refusal_t           refusal;
    int                            silent; /* one that it left behind without a pool; 0 = none */
    cci_signals_t                  signals;
} collector_t;

static const char *command; /* that we are, for messages */

static void complain(const char *what, int error)
{
    fprintf(stderr, "ccmem: %s: %s: %s; recording ended, the program goes on\n", command, what,
            strerror(error));
}

/* ---- the program ---- */

static void add_to_list(const char *name, const char *first)
{
    const char *rest = getenv(name);
    char       *list = NULL;

    if (!rest || !*rest)
        setenv(name, first, 1);
    else if (asprintf(&list, "%s:%s", first, rest) >= 0)
        setenv(name, list, 1);
    free(list);
}

static void set_environment(const collector_t *c)
{
    static const char *const mode[] = {
        [CCI_MODE_FULL] = "full", [CCI_MODE_SAMPLE] = "sample", [CCI_MODE_COUNT] = "count"
    };
    char interval[32];

    setenv(CCI_ENV_SPOOL, c->spool.path, 1);
    setenv(CCI_ENV_MODE, mode[c->options->mode], 1);
    unsetenv(CCI_ENV_OUTPUT);
    unsetenv(CCI_ENV_START);
    unsetenv(CCI_ENV_FOLLOW);
    if (c->options->sample_interval) {
        snprintf(interval, sizeof interval, "%llu",
                 (unsigned long long)c->options->sample_interval);
        setenv(CCI_ENV_INTERVAL, interval, 1);
    }
    if (c->options->follow)
        setenv(CCI_ENV_FOLLOW, "1", 1);
    add_to_list("LD_PRELOAD", c->options->preload);
}

int cci_collector_become_dormant(const cci_collector_options_t *options, char *const argv[])
{
    unsetenv(CCI_ENV_SPOOL);
    unsetenv(CCI_ENV_OUTPUT);
    setenv(CCI_ENV_START, "dormant", 1);
    setenv(CCI_ENV_FOLLOW, options->follow ? "1" : "0", 1);
    add_to_list("LD_PRELOAD", options->preload);
    execvp(argv[0], argv);
    return errno;
}

/* go: closed by the collector when all is ready; failed: tells it an errno, or closes by exec. */
static _Noreturn void become_program(const collector_t *c, int go, int failed)
{
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(127);
    cci_signals_restore(&c->signals);
    set_environment(c);
    execvp(c->argv[0], c->argv);
    int error = errno;
    if (write(failed, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* What the child says of its exec: 0 or an errno. */
static int read_failure(int failed)
{
    int     error = 0;
    ssize_t n;

    do
        n = read(failed, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : error;
}

static int create_main_trace(collector_t *c)
{
    const unsigned tries = c->options->numbered ? 10000 : 1;
    int            r     = EEXIST;

    for (unsigned number = 0; r == EEXIST && number < tries; number++) {
        r = cci_output_path(c->main_path, c->options->output, c->child, false, number);
        if (r == 0)
            r = cci_trace_file_create(&c->main_file, c->main_path, c->options->force);
    }
    return r;
}

/* Start the program once its trace is sure to have a place. */
static int start_program(collector_t *c, const char **what)
{
    int go[2], failed[2], error = 0;

    *what = c->argv[0];
    if (pipe2(go, O_CLOEXEC) != 0)
        return errno;
    if (pipe2(failed, O_CLOEXEC) != 0) {
        error = errno;
        close(go[0]);
        close(go[1]);
        return error;
    }
    c->child = fork();
    if (c->child == 0) {
        close(go[1]);
        become_program(c, go[0], failed[1]);
    }
    error             = c->child < 0 ? errno : 0;
    cci_signals_child = c->child;
    close(go[0]);
    close(failed[1]);
    if (!error && (error = create_main_trace(c)) != 0)
        *what = c->main_path;
    if (!error)
        error = write(go[1], "", 1) == 1 ? read_failure(failed[0]) : errno;
    close(go[1]);
    close(failed[0]);
    if (error && c->child > 0) {
        cci_signals_child = 0;
        while (waitpid(c->child, NULL, 0) < 0 && errno == EINTR) {
        }
        if (c->main_file.fd >= 0) {
            cci_trace_file_close(&c->main_file);
            unlink(c->main_path);
        }
    }
    return error;
}

/* ---- a program that runs already ---- */

static void drop_unused_trace(collector_t *c);

static int start_attached(collector_t *c, const char **what)
{
    const cci_attach_request_t request = { .spool           = c->spool.path,
                                           .mode            = c->options->mode,
                                           .sample_interval = c->options->sample_interval };
    int                        error   = create_main_trace(c);

    *what = c->main_path;
    if (error)
        return error;
    if (cci_attach_switch_on(c->attach, &request, &c->refusal))
        return 0;
    drop_unused_trace(c);
    *what = c->refusal.why;
    return ECANCELED;
}

static void look_at_attached(collector_t *c)
{
    if (!cci_attach_is_open(c->attach))
        c->child_ended = true;
}

static bool attached_is_over(const collector_t *c)
{
    const uint64_t end = c->options->duration_ns;

    return cci_signals_interrupts || !cci_attach_is_on(c->attach) ||
           atomic_load(&c->spool.control->stop) || /* what comes cannot be written */
           (end && cci_clock_ns(CLOCK_MONOTONIC) - c->started >= end);
}

/* ---- collecting ---- */

/* How many traces of this process there are; one more from now on. */
static unsigned count_trace(collector_t *c, int pid)
{
    size_t i = 0;

    while (i < c->process_count && c->process[i].pid != pid)
        i++;
    if (i == c->process_count) {
        traced_process_t *room =
            cci_array_room(c->process, c->process_count, &c->process_capacity, sizeof *room);
        if (!room)
            return 0; /* the name may be taken: then it is not used */
        c->process    = room;
        c->process[i] = (traced_process_t){ .pid = pid };
        c->process_count++;
    }
    return c->process[i].traces++;
}

/* The first pool of our own child is the program's; all others get a name with a pid. */
static int open_trace(collector_t *c, cci_process_pool_t *p)
{
    unsigned number = count_trace(c, p->pid);
    int      r      = EEXIST;

    if (p->pid == c->child && c->main_file.fd >= 0) {
        p->file         = c->main_file;
        c->main_file.fd = -1;
        strcpy(p->trace_path, c->main_path);
        strcpy(c->result->trace_path, c->main_path);
        return cci_trace_file_begin(&p->file, p->header);
    }
    for (unsigned tries = 0; r == EEXIST && tries < 1000; tries++) {
        r = cci_output_path(p->trace_path, c->options->output, p->pid, p->pid != c->child, number);
        r = r ? r : cci_trace_file_create(&p->file, p->trace_path, c->options->force);
        if (r == EEXIST)
            number = count_trace(c, p->pid);
    }
    return r ? r : cci_trace_file_begin(&p->file, p->header);
}

/* status -1: it is not known how the program ended, or it has become another one. */
static void finish(collector_t *c, cci_process_pool_t *p, int status)
{
    char path[PATH_MAX];

    strcpy(path, p->trace_path);
    int r = cci_process_pool_finish(p, &c->packer, status);
    if (r)
        complain(path, r);
}

static int end_of(const collector_t *c, const cci_process_pool_t *p)
{
    return p->pid == c->child && c->child_ended ? c->result->wait_status : -1;
}

/* A new pool of a process that has one already: it has become another program. */
static void finish_predecessors(collector_t *c, const cci_process_pool_t *of)
{
    for (cci_process_pool_t **at = &c->pools; *at;) {
        cci_process_pool_t *p = *at;
        if (p->pid == of->pid && p->number < of->number) {
            *at = p->next;
            finish(c, p, -1);
        } else {
            at = &p->next;
        }
    }
}

static bool is_known(const collector_t *c, int pid, unsigned number)
{
    for (const cci_process_pool_t *p = c->pools; p; p = p->next)
        if (p->pid == pid && p->number == number)
            return true;
    return false;
}

static void drain_all(collector_t *c)
{
    uint32_t drained = 0;

    for (cci_process_pool_t *p = c->pools; p; p = p->next) {
        int r = cci_process_pool_drain(p, &c->packer, false, &drained);
        if (r && !atomic_exchange(&c->spool.control->stop, 1))
            complain(p->trace_path, r);
    }
    if (drained > 0)
        cci_pool_drained(c->spool.control);
}

/* ---- the view ---- */

/* The program's own process; after an exec that is recorded, too, the one that it became. */
static cci_process_pool_t *viewed_pool(const collector_t *c)
{
    cci_process_pool_t *p = c->pools;

    while (p && p->pid != c->child)
        p = p->next;
    return p;
}

static void show_begin(const collector_t *c, const cci_process_pool_t *p)
{
    const cci_collector_view_t *v = c->options->view;

    if (v && p->pid == c->child && p->file.fd >= 0)
        v->begin(v->context, p->header, p->trace_path);
}

/* After the clock was read everything is looked at: so nothing before that is missing. */
static void show(collector_t *c)
{
    const cci_collector_view_t *v = c->options->view;
    cci_process_pool_t         *p = v && v->wants(v->context) ? viewed_pool(c) : NULL;

    if (!p || p->file.fd < 0)
        return;
    const cci_clock_pair_t now = cci_clock_pair((cci_clock_kind_t)p->header->clock_kind);
    drain_all(c);
    if (p->file.fd >= 0 && cci_process_pool_show(p, v) == 0)
        v->commit(v->context, now, (uint64_t)p->file.end, p->rss.sample, p->rss.count);
}

/* ---- pools ---- */

static void adopt(collector_t *c, int pid, unsigned number)
{
    cci_process_pool_t *p = cci_process_pool_open(c->spool.path, pid, number);

    if (!p)
        return; /* half made: it is counted once it is whole */
    finish_predecessors(c, p);
    int r = open_trace(c, p);
    if (r) {
        complain(p->trace_path, r);
        cci_trace_file_close(&p->file);
    }
    p->next  = c->pools;
    c->pools = p;
    c->result->processes++;
    show_begin(c, p);
}

static bool read_pool_name(const char *name, int *pid, unsigned *number)
{
    int end = 0;
    return sscanf(name, "%d.%u" CCI_POOL_SUFFIX "%n", pid, number, &end) == 2 && end > 0;
}

static int is_pool(const struct dirent *e)
{
    int      pid;
    unsigned number;
    return read_pool_name(e->d_name, &pid, &number);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    int      pid;
    unsigned left = 0, right = 0;

    read_pool_name((*a)->d_name, &pid, &left);
    read_pool_name((*b)->d_name, &pid, &right);
    return (left > right) - (left < right);
}

/* In the order in which they were made: of one process' pools the last is the one in use. */
static void look_for_pools(collector_t *c)
{
    uint32_t        made = atomic_load_explicit(&c->spool.control->pools, memory_order_acquire);
    struct dirent **entry;
    int n = made != c->pools_seen ? scandir(c->spool.path, &entry, is_pool, by_number) : -1;

    if (n < 0)
        return;
    c->pools_seen = made;
    for (int i = 0; i < n; i++) {
        int      pid    = 0;
        unsigned number = 0;
        if (read_pool_name(entry[i]->d_name, &pid, &number) && !is_known(c, pid, number))
            adopt(c, pid, number);
        free(entry[i]);
    }
    free(entry);
}

static void sample_all(collector_t *c)
{
    for (cci_process_pool_t *p = c->pools; p; p = p->next)
        cci_process_pool_sample(p);
}

/* Our child and whatever it left to us. */
static void reap(collector_t *c)
{
    int   status;
    pid_t pid;

    while (!c->child_ended && (pid = waitpid(c->child, &status, WNOHANG)) != 0) {
        if (pid < 0 && errno == EINTR)
            continue;
        c->child_ended         = true;
        c->result->wait_status = pid > 0 ? status : 0;
        cci_signals_child      = 0;
        cci_signals_interrupts = 0; /* those were the program's */
    }
}

/* Of the program itself there are cheaper ways to know. */
static bool is_in_use(const collector_t *c, const cci_process_pool_t *p)
{
    if (p->pid != c->child)
        return cci_process_pool_in_use(p);
    return c->attach ? cci_attach_is_open(c->attach) : !c->child_ended;
}

static void finish_unused(collector_t *c)
{
    for (cci_process_pool_t **at = &c->pools; *at;) {
        cci_process_pool_t *p = *at;
        if (!is_in_use(c, p)) {
            *at = p->next;
            finish(c, p, end_of(c, p));
        } else {
            at = &p->next;
        }
    }
}

/* Returns that it was said. */
static uint64_t say_what_is_waited_for(const collector_t *c)
{
    fprintf(stderr,
            "ccmem: attach: process %d has not allocated yet; recording begins when it does. "
            "Interrupt to give up.\n",
            (int)c->child);
    return 0;
}

typedef struct collect_times {
    uint64_t sampled, checked, searched;
    uint64_t said; /* when the program was last alive; 0 once its leftovers were spoken of */
} collect_times_t;

static void say_what_is_left(const collector_t *c)
{
    unsigned n = 0;
    for (const cci_process_pool_t *p = c->pools; p; p = p->next)
        n++;
    fprintf(stderr,
            "ccmem: profile: the program has ended; waiting for %u process%s it left behind "
            "(pid %d%s). Interrupt to stop recording.\n",
            n ? n : 1, n <= 1 ? "" : "es", c->pools ? c->pools->pid : c->silent,
            n <= 1 ? "" : ", ...");
}

/* The program has ended. What it left behind is known by its pool, once it has allocated; until
 * then only by the control page that it has from its parent. */
static void look_for_leftovers(collector_t *c, collect_times_t *t, uint64_t now)
{
    if (!c->pools && (t->searched == 0 || now - t->searched >= LEFTOVER_CHECK_MS)) {
        c->silent   = cci_spool_user(c->spool.path);
        t->searched = now;
    }
    if ((c->pools || c->silent) && t->said && now - t->said >= LEFTOVER_SAY_MS) {
        say_what_is_left(c);
        t->said = 0;
    }
}

static uint64_t now_ms(void)
{
    return cci_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* One round of work that is due by time and not by the doorbell. */
static void collect_by_time(collector_t *c, collect_times_t *t)
{
    uint64_t now = now_ms();

    if (now - t->sampled >= TICK_MS) {
        sample_all(c);
        t->sampled = now;
    }
    if (c->child_ended || now - t->checked >= LEFTOVER_CHECK_MS) {
        finish_unused(c);
        t->checked = now;
    }
    if (c->child_ended)
        look_for_leftovers(c, t, now);
    else if (!c->attach || c->result->processes > 0)
        t->said = now;
    else if (t->said && now - t->said >= LEFTOVER_SAY_MS)
        t->said = say_what_is_waited_for(c);
}

static bool is_over(const collector_t *c)
{
    if (c->attach && attached_is_over(c))
        return true;
    return c->child_ended && ((!c->pools && !c->silent) || cci_signals_interrupts);
}

static void collect(collector_t *c)
{
    collect_times_t times = { .said = now_ms() };

    c->started = cci_clock_ns(CLOCK_MONOTONIC);
    for (;;) {
        uint32_t rung = atomic_load_explicit(&c->spool.control->doorbell, memory_order_seq_cst);
        if (c->attach)
            look_at_attached(c);
        else
            reap(c);
        look_for_pools(c);
        drain_all(c);
        collect_by_time(c, &times);
        show(c);
        if (is_over(c))
            break;
        cci_futex_wait(&c->spool.control->doorbell, rung, TICK_MS);
    }
    if (c->attach)
        cci_attach_switch_off(c->attach);
    atomic_store(&c->spool.control->stop, 1);
    while (c->pools) {
        cci_process_pool_t *p = c->pools;
        c->pools              = p->next;
        finish(c, p, end_of(c, p));
    }
}

/* A program that never allocated, or does not use the system's malloc, made no pool. */
static void drop_unused_trace(collector_t *c)
{
    if (c->main_file.fd < 0)
        return;
    cci_trace_file_close(&c->main_file);
    unlink(c->main_path);
}

static bool fail(cci_collector_error_t *error, const char *what, int code)
{
    error->error = code;
    snprintf(error->what, sizeof error->what, "%s", what);
    return false;
}

/* Starts what is to be recorded. 0, or an errno and what it is about. */
typedef int start_t(collector_t *c, const char **what);

static int record(collector_t *c, start_t *start, const char **what)
{
    cci_signals_catch(&c->signals, c->spool.control);
    int r = start(c, what);
    if (!r) {
        if (c->options->view)
            c->options->view->started(c->options->view->context);
        collect(c);
        drop_unused_trace(c);
        c->result->failed = atomic_load(&c->spool.control->failed);
    }
    cci_signals_end(&c->signals);
    free(c->process);
    return r;
}

/* False: *error says why it was not started. */
static bool run(collector_t *c, start_t *start, cci_collector_error_t *error)
{
    const char *what = c->spool.path;

    *error          = (cci_collector_error_t){ 0 };
    *c->result      = (cci_collector_result_t){ .wait_status = -1 };
    c->main_file.fd = -1;
    int r           = cci_spool_make(&c->spool);
    if (r)
        return fail(error, what, r);
    r = cci_packer_init(&c->packer);
    if (!r) {
        r = record(c, start, &what);
        cci_packer_fini(&c->packer);
    }
    if (r)
        fail(error, what, r);
    cci_spool_remove(&c->spool);
    return r == 0;
}

bool cci_collector_run(const cci_collector_options_t *options, char *const argv[],
                       cci_collector_result_t *result, cci_collector_error_t *error)
{
    collector_t c = { .options = options, .result = result, .argv = argv };

    command = "profile";
    return run(&c, start_program, error);
}

bool cci_collector_attach(const cci_collector_options_t *options, cci_attach_t *process,
                          cci_collector_result_t *result, cci_collector_error_t *error)
{
    collector_t c = {
        .options = options, .result = result, .attach = process, .child = process->pid
    };

    command = "attach";
    return run(&c, start_attached, error);
}
