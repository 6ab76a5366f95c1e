/* SPDX-License-Identifier: MIT */
/* measure.c - run one command and say what its whole process tree cost.
 *
 *   measure [-m] [-t SECONDS] -o REPORT -- COMMAND [ARG...]
 *
 * It is a program of its own, and small, for two reasons. The kernel carries the peak RSS of the
 * process that called fork over execve into the child's ru_maxrss, so a command started from a
 * 30 MB interpreter seems to need 30 MB. And a tool may leave helpers behind (a compressor, a
 * collector): as subreaper this process inherits them, waits for them and counts their CPU.
 *
 * Plain:  wall is the time until the command itself returns, which is what its user waits for;
 *         user and sys are those of every process of the tree, helpers included.
 * -m:     every process of the tree is seized with ptrace and stopped only to exec, fork and exit;
 *         at exit its VmHWM is read, the one place where the peak of a grandchild can be had
 *         exactly. This mode reports no times, because it would disturb them.
 *
 * The report is lines of "KEY VALUE"; a process is "process PID PEAK_KB NAME".
 * Exit: 0 the command ran and the report says how it ended, 2 wrong usage, 4 it could not be run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME_LEN 32 /* a comm has 15 characters; the kernel may escape each */

struct options {
    bool        memory;
    unsigned    seconds; /* 0 = no limit */
    const char *report;
    char      **command;
};

struct process {
    pid_t pid;
    long  peak_kb;
    char  name[NAME_LEN];
};

struct outcome {
    uint64_t        wall_ns, user_us, sys_us;
    long            max_rss_kb;
    int             status;
    struct process *process;
    size_t          processes, room;
};

static volatile sig_atomic_t cut_short; /* the signal that ended the run early, or 0 */
static volatile pid_t        group;     /* the command's process group, once it exists */

static void die(const char *what)
{
    int why = errno;

    if (group > 0)
        kill(-group, SIGKILL);
    fprintf(stderr, "measure: %s: %s\n", what, strerror(why));
    exit(4);
}

static void on_signal(int sig)
{
    cut_short = sig;
    if (group > 0)
        kill(-group, SIGKILL);
}

static void watch_signals(unsigned seconds)
{
    struct sigaction act = { .sa_handler = on_signal };

    sigaction(SIGALRM, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    alarm(seconds);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t micros(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_usec;
}

/* In the child: wait for the go, become the command. The reason of a failure goes up the pipe. */
static void become(char **command, int go, int failed)
{
    char byte;

    setpgid(0, 0);
    if (read(go, &byte, 1) == 1)
        execvp(command[0], command);
    ssize_t told = write(failed, &errno, sizeof errno);
    _exit(told == sizeof errno ? 4 : 5);
}

static void seize(pid_t pid)
{
    const long events = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC |
                        PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

    if (ptrace(PTRACE_SEIZE, pid, NULL, events))
        die("ptrace");
}

/* Start the command and its clock. failed gets the end of a pipe on which the child says why it
 * could not become the command. */
static pid_t start(const struct options *opt, uint64_t *begin, int *failed_end)
{
    int go[2], failed[2];

    if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC))
        die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0)
        become(opt->command, go[0], failed[1]);

    group = pid;
    setpgid(pid, pid); /* both sides do it: whoever comes first; a loss of the race is no fault */
    if (opt->memory)
        seize(pid);
    close(failed[1]);
    close(go[0]);
    *begin = now_ns();
    if (write(go[1], "", 1) != 1)
        die("pipe");
    close(go[1]);
    *failed_end = failed[0];
    return pid;
}

/* After the run: die with the child's reason if there was no run. */
static void check_started(const struct options *opt, int failed_end)
{
    int why;

    if (read(failed_end, &why, sizeof why) == sizeof why) {
        errno = why;
        die(opt->command[0]);
    }
    close(failed_end);
}

/* The number that follows key in /proc/PID/status, or 0. */
static long status_number(pid_t pid, const char *key)
{
    char  path[64], line[256];
    long  value = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)))
            value = strtol(line + strlen(key), NULL, 10);
    fclose(f);
    return value;
}

static void process_name(pid_t pid, char name[NAME_LEN])
{
    char  path[64];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    f = fopen(path, "r");
    if (!f)
        return;
    if (fgets(name, NAME_LEN, f))
        name[strcspn(name, "\n")] = '\0';
    fclose(f);
}

/* The record of a process, made when it is new. */
static struct process *process_of(struct outcome *out, pid_t pid)
{
    for (size_t i = 0; i < out->processes; i++)
        if (out->process[i].pid == pid)
            return &out->process[i];
    if (out->processes == out->room) {
        out->room    = out->room ? 2 * out->room : 16;
        out->process = realloc(out->process, out->room * sizeof *out->process);
        if (!out->process)
            die("processes");
    }
    struct process *p = &out->process[out->processes++];
    *p                = (struct process){ .pid = pid, .name = "?" };
    return p;
}

/* A thread is about to end; its memory is still there to be asked about. */
static void note_exit(struct outcome *out, pid_t tid)
{
    pid_t           pid  = (pid_t)status_number(tid, "Tgid:");
    long            peak = status_number(tid, "VmHWM:");
    struct process *p    = process_of(out, pid > 0 ? pid : tid);

    if (peak > p->peak_kb)
        p->peak_kb = peak;
    process_name(p->pid, p->name);
}

/* Let a stopped thread go on, with its signal if that is why it stopped. */
static void resume(struct outcome *out, pid_t tid, int status)
{
    int event = status >> 16, sig = WSTOPSIG(status);

    if (event == PTRACE_EVENT_EXIT)
        note_exit(out, tid);
    if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
        ptrace(PTRACE_LISTEN, tid, NULL, NULL); /* job control stopped it: leave it stopped */
    else
        ptrace(PTRACE_CONT, tid, NULL, (long)(event ? 0 : sig));
}

static void add_usage(struct outcome *out, const struct rusage *use)
{
    out->user_us += micros(use->ru_utime);
    out->sys_us += micros(use->ru_stime);
    if (use->ru_maxrss > out->max_rss_kb)
        out->max_rss_kb = use->ru_maxrss;
}

/* Wait until no process of the tree is left. */
static void drain(struct outcome *out, pid_t command, uint64_t begin)
{
    for (;;) {
        struct rusage use;
        int           status;
        pid_t         pid = wait4(-1, &status, __WALL, &use);

        if (pid < 0 && errno == ECHILD)
            return;
        if (pid < 0 && errno != EINTR)
            die("wait");
        if (pid < 0)
            continue;
        if (WIFSTOPPED(status)) {
            resume(out, pid, status);
            continue;
        }
        add_usage(out, &use);
        if (pid == command) {
            out->wall_ns = now_ns() - begin;
            out->status  = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
    }
}

static void write_times(FILE *f, const struct outcome *out)
{
    fprintf(f, "wall_ns %llu\n", (unsigned long long)out->wall_ns);
    fprintf(f, "user_us %llu\n", (unsigned long long)out->user_us);
    fprintf(f, "sys_us %llu\n", (unsigned long long)out->sys_us);
    fprintf(f, "max_rss_kb %ld\n", out->max_rss_kb);
}

static void write_processes(FILE *f, const struct outcome *out)
{
    for (size_t i = 0; i < out->processes; i++)
        fprintf(f, "process %d %ld %s\n", (int)out->process[i].pid, out->process[i].peak_kb,
                out->process[i].name);
}

static void write_report(const struct options *opt, const struct outcome *out)
{
    FILE *f = fopen(opt->report, "we");

    if (!f)
        die(opt->report);
    fprintf(f, "status %d\ncut_short %d\n", out->status, (int)cut_short);
    if (opt->memory)
        write_processes(f, out);
    else
        write_times(f, out);
    if (fclose(f))
        die(opt->report);
}

/* A whole number of seconds from 1 to a day, or 0 when text is none. */
static unsigned parse_seconds(const char *text)
{
    char *end;
    long  n = strtol(text, &end, 10);

    return *text && !*end && n > 0 && n <= 86400 ? (unsigned)n : 0;
}

static bool parse(int argc, char **argv, struct options *opt)
{
    int c;

    *opt = (struct options){ 0 };
    while ((c = getopt(argc, argv, "+mt:o:")) != -1) {
        if (c == 'm')
            opt->memory = true;
        else if (c == 'o')
            opt->report = optarg;
        else if (c != 't' || !(opt->seconds = parse_seconds(optarg)))
            return false;
    }
    opt->command = argv + optind;
    return opt->report && optind < argc;
}

int main(int argc, char **argv)
{
    struct options opt;
    struct outcome out = { 0 };
    uint64_t       begin;
    int            failed_end;

    if (!parse(argc, argv, &opt)) {
        fprintf(stderr, "usage: measure [-m] [-t SECONDS] -o REPORT -- COMMAND [ARG...]\n");
        return 2;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1))
        die("subreaper");
    watch_signals(opt.seconds);
    pid_t command = start(&opt, &begin, &failed_end);
    drain(&out, command, begin);
    check_started(&opt, failed_end);
    write_report(&opt, &out);
    free(out.process);
    return cut_short && cut_short != SIGALRM ? 4 : 0;
}
