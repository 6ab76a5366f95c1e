/* SPDX-License-Identifier: MIT */
/* record/collector_attach.c - see record/collector_attach.h. */
#include "record/collector_attach.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "prim/barrier.h"
#include "prim/clock.h"

#define RECORDER_NAME "libccmem_preload.so"
#define START_HINT    "start it by ccmem profile --dormant -- PROG"

enum { FORK_WAIT_MS = 5000, FORK_POLL_MS = 5 };

static __attribute__((format(printf, 2, 3))) bool refuse(cci_attach_refusal_t *r, const char *why,
                                                         ...)
{
    va_list arguments;

    va_start(arguments, why);
    vsnprintf(r->why, sizeof r->why, why, arguments);
    va_end(arguments);
    return false;
}

/* ---- the process ---- */

typedef struct process {
    char     state;
    int      leader; /* of the threads: what a pid names */
    unsigned user;   /* effective */
} process_t;

static bool read_status(int pid, process_t *p)
{
    char  path[64], line[256];
    FILE *f;

    *p = (process_t){ 0 };
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        sscanf(line, "State: %c", &p->state);
        sscanf(line, "Tgid: %d", &p->leader);
        sscanf(line, "Uid: %*u %u", &p->user);
    }
    if (f)
        fclose(f);
    return p->leader > 0;
}

static bool check_process(int pid, cci_attach_refusal_t *r)
{
    process_t p;

    r->no_process = pid <= 0 || !read_status(pid, &p);
    if (r->no_process)
        return refuse(r, "no such process");
    if (p.leader != pid)
        return refuse(r, "is a thread of process %d", p.leader);
    if (p.state == 'Z' || p.state == 'X')
        return refuse(r, "has ended, and waits for its parent to notice");
    if (p.user != geteuid())
        return refuse(r, "belongs to another user (%u); run ccmem as that one", p.user);
    return true;
}

bool cci_attach_is_gone(const cci_attach_t *a)
{
    struct pollfd ended = { .fd = a->pid_fd, .events = POLLIN };
    process_t     p;

    if (a->pid_fd >= 0)
        return poll(&ended, 1, 0) == 1;
    return !read_status(a->pid, &p) || p.state == 'Z' || p.state == 'X';
}

/* ---- where it lives ---- */

/* 1, 0, or -1 when that may not be seen. */
static int is_same_namespace(int pid, const char *kind)
{
    char    path[64], own[64], its[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    n = readlink(path, own, sizeof own);
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
    if (readlink(path, its, sizeof its) != n || n < 0)
        return n < 0 || errno == EACCES ? -1 : 0;
    return memcmp(own, its, (size_t)n) == 0;
}

static bool has_our_root(int pid)
{
    char        path[64];
    struct stat own, its;

    snprintf(path, sizeof path, "/proc/%d/root/.", pid);
    return stat("/", &own) == 0 && stat(path, &its) == 0 && own.st_dev == its.st_dev &&
           own.st_ino == its.st_ino;
}

static bool check_place(int pid, cci_attach_refusal_t *r)
{
    int pids = is_same_namespace(pid, "pid"), mounts = is_same_namespace(pid, "mnt");

    if (pids < 0 || mounts < 0)
        return refuse(r, "may not be looked at: its user or privileges have changed since it "
                         "began");
    if (pids == 0 || mounts == 0)
        return refuse(r, "is in a container of its own; run ccmem in there");
    if (!has_our_root(pid))
        return refuse(r, "has another root directory; run ccmem in there");
    return true;
}

/* ---- its door ---- */

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t n = strlen(end);
    return length >= n && memcmp(text + length - n, end, n) == 0;
}

cci_mapped_t cci_attach_read_map(const char *line, char *path)
{
    static const char deleted[] = " (deleted)";
    const char       *name      = strchr(line, '/');
    size_t            n         = name ? strcspn(name, "\n") : 0;

    if (n == 0)
        return CCI_MAPPED_OTHER;
    if (ends_with(name, n, "/" RECORDER_NAME))
        return CCI_MAPPED_RECORDER;
    if (ends_with(name, n, CCI_DOOR_SUFFIX) && n < PATH_MAX) {
        memcpy(path, name, n);
        path[n] = '\0';
        return CCI_MAPPED_DOOR;
    }
    bool gone =
        ends_with(name, n, deleted) && ends_with(name, n - (sizeof deleted - 1), CCI_DOOR_SUFFIX);
    return gone ? CCI_MAPPED_DELETED : CCI_MAPPED_OTHER;
}

/* The most telling of what it has mapped. */
static cci_mapped_t find_door(int pid, char *path)
{
    char         name[64], line[PATH_MAX + 256];
    cci_mapped_t found = CCI_MAPPED_OTHER;

    snprintf(name, sizeof name, "/proc/%d/maps", pid);
    FILE *maps = fopen(name, "re");
    while (maps && found != CCI_MAPPED_DOOR && fgets(line, sizeof line, maps)) {
        cci_mapped_t m = cci_attach_read_map(line, path);
        found          = m > found ? m : found;
    }
    if (maps)
        fclose(maps);
    return found;
}

static bool check_door(cci_mapped_t found, cci_attach_refusal_t *r)
{
    switch (found) {
    case CCI_MAPPED_DOOR:
        return true;
    case CCI_MAPPED_DELETED:
        return refuse(r, "its file for attaching was deleted; it has to be started again");
    case CCI_MAPPED_RECORDER:
        return refuse(r, "was not started dormant; " START_HINT);
    default:
        return refuse(r, "does not have ccmem's recorder; " START_HINT);
    }
}

/* What can be trusted of a file that bears such a name: nothing, unless it is ours alone. */
static bool is_door(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & 077) == 0 && st.st_size >= CCI_DOOR_BYTES;
}

static bool open_door(cci_attach_t *a, cci_attach_refusal_t *r)
{
    a->door_fd = open(a->door_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (a->door_fd < 0)
        return refuse(r, "%.200s: %s", a->door_path, strerror(errno));
    if (!is_door(a->door_fd))
        return refuse(r, "%.200s: is not a file of ccmem's", a->door_path);
    void *p = mmap(NULL, CCI_DOOR_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, a->door_fd, 0);
    if (p == MAP_FAILED)
        return refuse(r, "%.200s: %s", a->door_path, strerror(errno));
    a->door = p;
    if (a->door->magic != CCI_DOOR_MAGIC || a->door->version != CCI_DOOR_VERSION)
        return refuse(r, "has the recorder of another version of ccmem; use that version's ccmem");
    return true;
}

static void close_door(cci_attach_t *a)
{
    if (a->door)
        munmap(a->door, CCI_DOOR_BYTES);
    if (a->door_fd >= 0)
        close(a->door_fd);
    a->door    = NULL;
    a->door_fd = -1;
}

/* ---- locks ---- */

static struct flock lock_of(int byte)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
}

/* A file that no process has mapped was left by one that was killed or became another program. */
static void remove_if_unused(int folder, const char *name)
{
    struct flock lock = lock_of(CCI_DOOR_LOCK_OPEN);
    int          fd   = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return;
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        unlinkat(folder, name, 0); /* who is just making it finds it gone, and makes another */
    close(fd);
}

static void sweep(const char *door_path)
{
    char           folder[PATH_MAX];
    struct dirent *e;

    snprintf(folder, sizeof folder, "%s", door_path);
    *strrchr(folder, '/') = '\0';
    DIR *d                = opendir(folder);
    while (d && (e = readdir(d)))
        if (ends_with(e->d_name, strlen(e->d_name), CCI_DOOR_SUFFIX))
            remove_if_unused(dirfd(d), e->d_name);
    if (d)
        closedir(d);
}

/* Whether it is not in the way that the process at whose door we are records itself. */
static bool check_local(const cci_attach_t *a, cci_attach_refusal_t *r)
{
    if (atomic_load(&a->door->local) == 0)
        return true;
    if (a->door->owner != a->pid)
        return refuse(r, "is a fork of process %d, which is profiling itself", a->door->owner);
    return refuse(r, "is profiling itself");
}

bool cci_attach_lock(cci_attach_t *a, cci_attach_refusal_t *r)
{
    struct flock lock = lock_of(CCI_DOOR_LOCK_ATTACHED);

    if (fcntl(a->door_fd, F_OFD_SETLK, &lock) == 0)
        return check_local(a, r);
    if (errno == EAGAIN || errno == EACCES)
        return check_local(a, r) && refuse(r, "is being recorded by another ccmem");
    return refuse(r, "%.200s: %s", a->door_path, strerror(errno));
}

static bool is_locked(const cci_attach_t *a, int byte)
{
    struct flock lock = lock_of(byte);
    return fcntl(a->door_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool cci_attach_is_locked(const cci_attach_t *a)
{
    return is_locked(a, CCI_DOOR_LOCK_ATTACHED);
}

bool cci_attach_is_open(const cci_attach_t *a)
{
    return !cci_attach_is_gone(a) && is_locked(a, CCI_DOOR_LOCK_OPEN);
}

/* ---- finding ---- */

bool cci_attach_find(cci_attach_t *a, int pid, cci_attach_refusal_t *r)
{
    *a = (cci_attach_t){ .pid = pid, .pid_fd = -1, .door_fd = -1 };
    if (!check_process(pid, r) || !check_place(pid, r))
        return false;
    a->pid_fd = pidfd_open(pid, 0);
    if (!check_door(find_door(pid, a->door_path), r) || !open_door(a, r))
        return false;
    sweep(a->door_path);
    return true;
}

void cci_attach_close(cci_attach_t *a)
{
    close_door(a);
    if (a->pid_fd >= 0)
        close(a->pid_fd);
    a->pid_fd = -1;
}

/* ---- switching ---- */

static void put_request(cci_attach_t *a, const cci_attach_request_t *request)
{
    strcpy(a->door->spool, request->spool);
    a->door->target          = a->pid;
    a->door->mode            = request->mode;
    a->door->sample_interval = request->sample_interval;
    atomic_store(&a->door->error, cci_door_no_error(a->number));
}

/* A recording whose collector was killed is ended first. The barrier lies between the end of what
 * was there and the new beginning: see cci_thread_enter. */
static void change_word(cci_attach_t *a, const cci_attach_request_t *request)
{
    atomic_store(&a->door->word, CCI_WORD_ASLEEP);
    cci_barrier_everywhere();
    a->number = a->door->last = cci_door_next(a->door->last);
    put_request(a, request);
    atomic_store(&a->door->word, a->number); /* pairs: settle */
}

static void end_number(cci_door_t *door, uint32_t number)
{
    atomic_compare_exchange_strong(&door->word, &number, CCI_WORD_ASLEEP);
}

/* Until the process has made a door for itself, in place of the one that it shares. */
static bool wait_for_own_door(const cci_attach_t *a, char *path, cci_attach_refusal_t *r)
{
    const struct timespec pause = { .tv_nsec = FORK_POLL_MS * 1000000 };

    for (int waited = 0; waited < FORK_WAIT_MS; waited += FORK_POLL_MS) {
        int error = cci_attach_error(a);
        if (error)
            return refuse(r, "could not make a file for attaching: %s", strerror(error));
        if (cci_attach_is_gone(a))
            return refuse(r, "has ended");
        if (find_door(a->pid, path) == CCI_MAPPED_DOOR && strcmp(path, a->door_path) != 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return refuse(r, "is a fork that has not allocated for a while; try again when it works");
}

/* The process shares its parent's door, whose word is ours for as long as it takes it to notice. */
static bool go_to_own_door(cci_attach_t *a, cci_attach_refusal_t *r)
{
    cci_attach_t own = { .pid = a->pid, .pid_fd = a->pid_fd, .door_fd = -1, .number = a->number };

    bool found =
        wait_for_own_door(a, own.door_path, r) && open_door(&own, r) && cci_attach_lock(&own, r);
    end_number(a->door, a->number);
    close_door(found ? a : &own);
    if (found)
        *a = own;
    return found;
}

bool cci_attach_switch_on(cci_attach_t *a, const cci_attach_request_t *request,
                          cci_attach_refusal_t *r)
{
    bool is_own = a->door->owner == a->pid;

    if (strlen(request->spool) >= CCI_DOOR_SPOOL_BYTES)
        return refuse(r, "%.200s: %s", request->spool, strerror(ENAMETOOLONG));
    change_word(a, request);
    return is_own || go_to_own_door(a, r);
}

void cci_attach_switch_off(cci_attach_t *a)
{
    if (a->door && a->number)
        end_number(a->door, a->number);
}

bool cci_attach_end_any(cci_attach_t *a, cci_attach_refusal_t *r)
{
    uint32_t word = atomic_load(&a->door->word);

    if (word == CCI_WORD_ASLEEP)
        return refuse(r, "is not being recorded");
    if (a->door->owner != a->pid)
        return refuse(r, "is recorded with process %d, which it is a fork of", a->door->owner);
    if (!check_local(a, r))
        return false; /* `local` is set before the word is its number */
    end_number(a->door, word);
    return true;
}

bool cci_attach_is_on(const cci_attach_t *a)
{
    return atomic_load(&a->door->word) == a->number;
}

int cci_attach_error(const cci_attach_t *a)
{
    uint64_t error = a->door ? atomic_load(&a->door->error) : 0;
    return error >> 32 == a->number ? (int)(uint32_t)error : 0;
}
