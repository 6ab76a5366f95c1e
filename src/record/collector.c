/* SPDX-License-Identifier: MIT */
/* record/collector.c - see record/collector.h. */
#include "record/collector.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "prim/clock.h"
#include "prim/futex.h"
#include "record/collector_process.h"
#include "record/control.h"
#include "record/environment.h"
#include "record/pool.h"

enum { TICK_MS = 20, LEFTOVER_CHECK_MS = 200, LEFTOVER_SAY_MS = 500 };

/* ---- signals ---- */

static cci_control_t *volatile signal_control;
static volatile sig_atomic_t   signal_child, signal_interrupts;

static void on_child(int signal)
{
    (void)signal;
    if (signal_control)
        atomic_fetch_add(&signal_control->doorbell, 1); /* and the wait is interrupted */
}

static void on_interrupt(int signal)
{
    (void)signal;
    signal_interrupts = signal_interrupts + 1;
}

static void on_terminate(int signal)
{
    signal_interrupts = signal_interrupts + 1;
    if (signal_child > 0)
        kill(signal_child, signal);
}

static const struct {
    int signal;
    void (*handler)(int);
} handled[] = { { SIGCHLD, on_child },
                { SIGINT, on_interrupt },
                { SIGQUIT, on_interrupt },
                { SIGTERM, on_terminate },
                { SIGHUP, on_terminate } };

enum { HANDLED = sizeof handled / sizeof *handled };

static void catch_signals(struct sigaction old[HANDLED])
{
    for (int i = 0; i < HANDLED; i++) {
        struct sigaction a = { .sa_handler = handled[i].handler };
        sigaction(handled[i].signal, &a, &old[i]);
    }
}

static void restore_signals(const struct sigaction old[HANDLED])
{
    for (int i = 0; i < HANDLED; i++)
        sigaction(handled[i].signal, &old[i], NULL);
}

/* ---- the collector ---- */

typedef struct collector {
    const cci_collector_options_t *options;
    cci_collector_result_t        *result;
    char                           spool[PATH_MAX];
    int                            control_fd;
    cci_control_t                 *control;
    cci_packer_t                   packer;
    cci_trace_file_t               main_file; /* made before the program runs */
    char                           main_path[PATH_MAX];
    cci_process_pool_t            *pools;
    uint32_t                       pools_seen;
    pid_t                          child;
    bool                           child_ended;
    struct sigaction               old_actions[HANDLED];
} collector_t;

static void complain(const char *what, int error)
{
    fprintf(stderr, "ccmem: profile: %s: %s; recording ended, the program goes on\n", what,
            strerror(error));
}

/* ---- the spool ---- */

/* Memory is the place for it; where there is no such file system, or it is full, a file will do. */
static int make_spool_directory(char *path)
{
    const char *tmp      = getenv("TMPDIR");
    const char *places[] = { "/dev/shm", tmp && *tmp ? tmp : "/tmp", "/tmp" };
    int         error    = 0;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, PATH_MAX, "%s/ccmem-XXXXXX", places[i]);
        if (mkdtemp(path))
            return 0;
        error = errno;
    }
    return error;
}

static int make_control(collector_t *c)
{
    char         path[PATH_MAX + 16];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    snprintf(path, sizeof path, "%s/" CCI_CONTROL_NAME, c->spool);
    c->control_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (c->control_fd < 0 || ftruncate(c->control_fd, sizeof(cci_control_t)) != 0 ||
        fcntl(c->control_fd, F_OFD_SETLK, &lock) != 0)
        return errno;
    void *p = mmap(NULL, sizeof(cci_control_t), PROT_READ | PROT_WRITE, MAP_SHARED, c->control_fd, 0);
    if (p == MAP_FAILED)
        return errno;
    c->control            = p;
    c->control->collector = getpid();
    c->control->magic     = CCI_CONTROL_MAGIC;
    return 0;
}

static void remove_spool(collector_t *c)
{
    char path[PATH_MAX + 16];

    if (c->control)
        munmap(c->control, sizeof *c->control);
    if (c->control_fd >= 0)
        close(c->control_fd);
    snprintf(path, sizeof path, "%s/" CCI_CONTROL_NAME, c->spool);
    unlink(path);
    rmdir(c->spool);
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
    static const char *const mode[] = { [CCI_MODE_FULL]   = "full",
                                        [CCI_MODE_SAMPLE] = "sample",
                                        [CCI_MODE_COUNT]  = "count" };
    char interval[32];

    setenv(CCI_ENV_SPOOL, c->spool, 1);
    setenv(CCI_ENV_MODE, mode[c->options->mode], 1);
    unsetenv(CCI_ENV_OUTPUT);
    unsetenv(CCI_ENV_FOLLOW);
    if (c->options->sample_interval) {
        snprintf(interval, sizeof interval, "%llu", (unsigned long long)c->options->sample_interval);
        setenv(CCI_ENV_INTERVAL, interval, 1);
    }
    if (c->options->follow)
        setenv(CCI_ENV_FOLLOW, "1", 1);
    add_to_list("LD_PRELOAD", c->options->preload);
}

/* go: closed by the collector when all is ready; failed: tells it an errno, or closes by exec. */
static _Noreturn void become_program(const collector_t *c, char *const argv[], int go, int failed)
{
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(127);
    restore_signals(c->old_actions); /* what was ignored stays ignored */
    set_environment(c);
    execvp(argv[0], argv);
    int error = errno;
    if (write(failed, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

static int create_main_trace(collector_t *c)
{
    int r = cci_output_path(c->main_path, c->options->output, c->child, false, 0);
    return r ? r : cci_trace_file_create(&c->main_file, c->main_path, c->options->force);
}

/* Start the program once its trace is sure to have a place. 0, or an errno and what it is about. */
static int start_program(collector_t *c, char *const argv[], const char **what)
{
    int go[2], failed[2], error = 0;

    *what = argv[0];
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
        become_program(c, argv, go[0], failed[1]);
    }
    error = c->child < 0 ? errno : 0;
    close(go[0]);
    close(failed[1]);
    if (!error && (error = create_main_trace(c)) != 0)
        *what = c->main_path;
    if (!error && (write(go[1], "", 1) != 1 || read(failed[0], &error, sizeof error) < 0))
        error = errno;
    close(go[1]);
    close(failed[0]);
    if (error && c->child > 0) {
        waitpid(c->child, NULL, 0);
        if (c->main_file.fd >= 0) {
            cci_trace_file_close(&c->main_file);
            unlink(c->main_path);
        }
    }
    signal_child = c->child;
    return error;
}

/* ---- collecting ---- */

static bool is_main(const collector_t *c, const cci_process_pool_t *p)
{
    return p->pid == c->child && p->trace_path[0] && strcmp(p->trace_path, c->main_path) == 0;
}

/* The first pool of our own child is the program's; all others get a name with a pid. */
static int open_trace(collector_t *c, cci_process_pool_t *p)
{
    int r = 0;

    if (p->pid == c->child && c->main_file.fd >= 0) {
        p->file         = c->main_file;
        c->main_file.fd = -1;
        strcpy(p->trace_path, c->main_path);
        strcpy(c->result->trace_path, c->main_path);
    } else {
        r = EEXIST;
        for (unsigned number = p->number; r == EEXIST && number < p->number + 1000; number++) {
            r = cci_output_path(p->trace_path, c->options->output, p->pid, true, number);
            r = r ? r : cci_trace_file_create(&p->file, p->trace_path, c->options->force);
        }
    }
    return r ? r : cci_trace_file_begin(&p->file, p->header);
}

static void finish(collector_t *c, cci_process_pool_t *p)
{
    char path[PATH_MAX];
    int  status = is_main(c, p) && c->child_ended ? c->result->wait_status : -1;

    strcpy(path, p->trace_path);
    int r = cci_process_pool_finish(p, &c->packer, status);
    if (r)
        complain(path, r);
}

/* A new pool of a process that has one already: it has become another program. */
static void finish_predecessors(collector_t *c, const cci_process_pool_t *of)
{
    for (cci_process_pool_t **at = &c->pools; *at;) {
        cci_process_pool_t *p = *at;
        if (p->pid == of->pid && p->number < of->number) {
            *at = p->next;
            finish(c, p);
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

static void adopt(collector_t *c, int pid, unsigned number)
{
    cci_process_pool_t *p = cci_process_pool_open(c->spool, pid, number);

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
}

static void look_for_pools(collector_t *c)
{
    uint32_t       made = atomic_load_explicit(&c->control->pools, memory_order_acquire);
    DIR           *d    = made != c->pools_seen ? opendir(c->spool) : NULL;
    struct dirent *e;
    int            pid, end;
    unsigned       number;

    c->pools_seen = made;
    while (d && (e = readdir(d)))
        if (end = 0, sscanf(e->d_name, "%d.%u" CCI_POOL_SUFFIX "%n", &pid, &number, &end) == 2 && end > 0 &&
            !is_known(c, pid, number))
            adopt(c, pid, number);
    if (d)
        closedir(d);
}

static void drain_all(collector_t *c)
{
    uint32_t drained = 0;

    for (cci_process_pool_t *p = c->pools; p; p = p->next) {
        int r = cci_process_pool_drain(p, &c->packer, false, &drained);
        if (r) {
            complain(p->trace_path, r);
            atomic_store(&c->control->stop, 1);
        }
    }
    if (drained == 0)
        return;
    atomic_fetch_add_explicit(&c->control->drained, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&c->control->waiting, memory_order_seq_cst)) /* pairs: wait_for_collector */
        cci_futex_wake_all(&c->control->drained);
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
        signal_child           = 0;
        signal_interrupts      = 0; /* those were the program's */
    }
}

static void finish_unused(collector_t *c)
{
    for (cci_process_pool_t **at = &c->pools; *at;) {
        cci_process_pool_t *p = *at;
        if (p->pid == c->child ? c->child_ended : !cci_process_pool_in_use(p)) {
            *at = p->next;
            finish(c, p);
        } else {
            at = &p->next;
        }
    }
}

typedef struct collect_times {
    uint64_t sampled, checked;
    uint64_t said; /* when the program was last alive; 0 once its leftovers were spoken of */
} collect_times_t;

static void say_what_is_left(const collector_t *c)
{
    unsigned n = 0;
    for (const cci_process_pool_t *p = c->pools; p; p = p->next)
        n++;
    fprintf(stderr, "ccmem: profile: the program has ended; waiting for %u process%s it left behind "
                    "(pid %d%s). Interrupt to stop recording.\n",
            n, n == 1 ? "" : "es", c->pools->pid, n == 1 ? "" : ", ...");
}

/* One round of work that is due by time and not by the doorbell. */
static void collect_by_time(collector_t *c, collect_times_t *t)
{
    uint64_t now = cci_clock_ns(CLOCK_MONOTONIC) / 1000000;

    if (now - t->sampled >= TICK_MS) {
        sample_all(c);
        t->sampled = now;
    }
    if (c->child_ended || now - t->checked >= LEFTOVER_CHECK_MS) {
        finish_unused(c);
        t->checked = now;
    }
    if (!c->child_ended)
        t->said = now;
    else if (c->pools && t->said && now - t->said >= LEFTOVER_SAY_MS) {
        say_what_is_left(c);
        t->said = 0;
    }
}

static void collect(collector_t *c)
{
    collect_times_t times = { 0 };

    for (;;) {
        uint32_t rung = atomic_load_explicit(&c->control->doorbell, memory_order_seq_cst);
        reap(c);
        look_for_pools(c);
        drain_all(c);
        collect_by_time(c, &times);
        if (c->child_ended && (!c->pools || signal_interrupts))
            break;
        cci_futex_wait(&c->control->doorbell, rung, TICK_MS);
    }
    atomic_store(&c->control->stop, 1);
    while (c->pools) {
        cci_process_pool_t *p = c->pools;
        c->pools              = p->next;
        finish(c, p);
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

bool cci_collector_run(const cci_collector_options_t *options, char *const argv[],
                       cci_collector_result_t *result, cci_collector_error_t *error)
{
    collector_t c    = { .options = options, .result = result, .control_fd = -1, .main_file.fd = -1 };
    const char *what = "memory";

    *result = (cci_collector_result_t){ .wait_status = -1 };
    int r   = make_spool_directory(c.spool);
    if (r)
        return fail(error, c.spool, r);
    r = make_control(&c);
    if (!r)
        r = cci_packer_init(&c.packer);
    if (r) {
        fail(error, c.spool, r);
        remove_spool(&c);
        return false;
    }
    signal_control    = c.control;
    signal_interrupts = 0;
    catch_signals(c.old_actions);
    r = start_program(&c, argv, &what);
    if (!r) {
        collect(&c);
        drop_unused_trace(&c);
    }
    restore_signals(c.old_actions);
    signal_control = NULL;
    cci_packer_fini(&c.packer);
    if (r)
        fail(error, what, r);
    remove_spool(&c);
    return r == 0;
}
