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
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/array.h"
#include "prim/clock.h"
#include "prim/futex.h"
#include "record/collector_process.h"
#include "record/control.h"
#include "record/environment.h"
#include "record/pool.h"

enum { TICK_MS = 20, LEFTOVER_CHECK_MS = 200, LEFTOVER_SAY_MS = 500 };

/* ---- signals ---- */

static cci_control_t *volatile signal_control;
static volatile sig_atomic_t signal_child, signal_interrupts;

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
    int error = errno;

    signal_interrupts = signal_interrupts + 1;
    if (signal_child > 0)
        kill(signal_child, signal);
    errno = error;
}

/* SIGXFSZ and SIGPIPE are ignored: a file that may not grow and a stderr that nobody reads are
 * error codes here. */

static const struct {
    int signal;
    void (*handler)(int);
} handled[] = { { SIGCHLD, on_child },     { SIGINT, on_interrupt }, { SIGQUIT, on_interrupt },
                { SIGTERM, on_terminate }, { SIGHUP, on_terminate }, { SIGXFSZ, SIG_IGN },
                { SIGPIPE, SIG_IGN } };

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

typedef struct traced_process {
    int      pid;
    unsigned traces;
} traced_process_t;

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
    traced_process_t              *process; /* all that there were */
    size_t                         process_count, process_capacity;
    pid_t                          child;
    bool                           child_ended;
    int                            silent; /* one that it left behind without a pool; 0 = none */
    struct sigaction               old_actions[HANDLED];
} collector_t;

static void complain(const char *what, int error)
{
    fprintf(stderr, "ccmem: profile: %s: %s; recording ended, the program goes on\n", what,
            strerror(error));
}

/* ---- the spool ---- */

/* 0 when there is room for the pools of a few processes, else an errno. */
static int look_for_room(const char *place)
{
    enum { ROOM = 8 << 20 };
    struct statvfs s;

    if (statvfs(place, &s) != 0)
        return errno;
    bool unlimited = s.f_blocks == 0; /* a tmpfs may be */
    return unlimited || (uint64_t)s.f_bavail * s.f_frsize >= ROOM ? 0 : ENOSPC;
}

static int make_directory_in(const char *place, char *path)
{
    char made[PATH_MAX];
    int  error = look_for_room(place);
    int  n     = snprintf(made, sizeof made, "%s/ccmem-XXXXXX", place);

    if (error)
        return error;
    if (n < 0 || (size_t)n >= sizeof made)
        return ENAMETOOLONG;
    if (!mkdtemp(made) || !realpath(made, path)) /* as the system will name it in /proc/PID/maps */
        return errno;
    return 0;
}

/* Memory is the place for it; where there is no such file system, or it is full, a file will do. */
static int make_spool_directory(char *path)
{
    const char *tmp      = getenv("TMPDIR");
    const char *places[] = { "/dev/shm", tmp && *tmp ? tmp : "/tmp", "/tmp" };
    int         error    = 0;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        error = make_directory_in(places[i], path);
        if (!error)
            return 0;
    }
    snprintf(path, PATH_MAX, "%s", places[1]);
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
    void *p =
        mmap(NULL, sizeof(cci_control_t), PROT_READ | PROT_WRITE, MAP_SHARED, c->control_fd, 0);
    if (p == MAP_FAILED)
        return errno;
    c->control            = p;
    c->control->collector = getpid();
    c->control->magic     = CCI_CONTROL_MAGIC;
    return 0;
}

/* With whatever processes left in it that died half way, or came too late. */
static void remove_spool(collector_t *c)
{
    DIR           *d = opendir(c->spool);
    struct dirent *e;

    while (d && (e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    if (c->control)
        munmap(c->control, sizeof *c->control);
    if (c->control_fd >= 0)
        close(c->control_fd);
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
    static const char *const mode[] = {
        [CCI_MODE_FULL] = "full", [CCI_MODE_SAMPLE] = "sample", [CCI_MODE_COUNT] = "count"
    };
    char interval[32];

    setenv(CCI_ENV_SPOOL, c->spool, 1);
    setenv(CCI_ENV_MODE, mode[c->options->mode], 1);
    unsetenv(CCI_ENV_OUTPUT);
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
    error        = c->child < 0 ? errno : 0;
    signal_child = c->child;
    close(go[0]);
    close(failed[1]);
    if (!error && (error = create_main_trace(c)) != 0)
        *what = c->main_path;
    if (!error)
        error = write(go[1], "", 1) == 1 ? read_failure(failed[0]) : errno;
    close(go[1]);
    close(failed[0]);
    if (error && c->child > 0) {
        signal_child = 0;
        while (waitpid(c->child, NULL, 0) < 0 && errno == EINTR) {
        }
        if (c->main_file.fd >= 0) {
            cci_trace_file_close(&c->main_file);
            unlink(c->main_path);
        }
    }
    return error;
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
    uint32_t        made = atomic_load_explicit(&c->control->pools, memory_order_acquire);
    struct dirent **entry;
    int             n = made != c->pools_seen ? scandir(c->spool, &entry, is_pool, by_number) : -1;

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

static void drain_all(collector_t *c)
{
    uint32_t drained = 0;

    for (cci_process_pool_t *p = c->pools; p; p = p->next) {
        int r = cci_process_pool_drain(p, &c->packer, false, &drained);
        if (r && !atomic_exchange(&c->control->stop, 1))
            complain(p->trace_path, r);
    }
    if (drained == 0)
        return;
    atomic_fetch_add_explicit(&c->control->drained, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&c->control->waiting,
                             memory_order_seq_cst)) /* pairs: wait_for_collector */
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
            finish(c, p, end_of(c, p));
        } else {
            at = &p->next;
        }
    }
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
        c->silent   = cci_spool_user(c->spool);
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
    else
        t->said = now;
}

static bool is_over(const collector_t *c)
{
    return c->child_ended && ((!c->pools && !c->silent) || signal_interrupts);
}

static void collect(collector_t *c)
{
    collect_times_t times = { .said = now_ms() };

    for (;;) {
        uint32_t rung = atomic_load_explicit(&c->control->doorbell, memory_order_seq_cst);
        reap(c);
        look_for_pools(c);
        drain_all(c);
        collect_by_time(c, &times);
        if (is_over(c))
            break;
        cci_futex_wait(&c->control->doorbell, rung, TICK_MS);
    }
    atomic_store(&c->control->stop, 1);
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

bool cci_collector_run(const cci_collector_options_t *options, char *const argv[],
                       cci_collector_result_t *result, cci_collector_error_t *error)
{
    collector_t c = { .options = options, .result = result, .control_fd = -1, .main_file.fd = -1 };
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
        result->failed = atomic_load(&c.control->failed);
    }
    restore_signals(c.old_actions);
    signal_control = NULL;
    cci_packer_fini(&c.packer);
    free(c.process);
    if (r)
        fail(error, what, r);
    remove_spool(&c);
    return r == 0;
}
