/* SPDX-License-Identifier: MIT */
/* record/collector_spool.c - see record/collector_spool.h.
 *
 * A spool whose collector was killed is removed by the next collector that looks for room in the same
 * place. It is known by its control page: the magic number is written when the lock is held, and the lock
 * ends with the collector. So a page with that number and without a lock is nobody's any more, and
 * one that is just being made has no number yet. A folder that is empty goes, too: whoever has
 * just made it finds it gone, and makes another. Rejected: to go by age, since clocks are set. The
 * price: who is killed between the page and its number leaves both behind for good.
 */
#include "record/collector_spool.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SPOOL_PREFIX "ccmem-spool-"

/* ---- removing ---- */

static bool is_pool(const char *name)
{
    const size_t n = strlen(name), end = strlen(CCI_POOL_SUFFIX);
    return n > end && strcmp(name + n - end, CCI_POOL_SUFFIX) == 0;
}

/* Takes the folder's descriptor. The control page last: by that it is known if this is interrupted. */
static void empty(int folder)
{
    DIR           *d = fdopendir(folder);
    struct dirent *e;

    if (!d) {
        close(folder);
        return;
    }
    while ((e = readdir(d)))
        if (is_pool(e->d_name))
            unlinkat(folder, e->d_name, 0);
    unlinkat(folder, CCI_CONTROL_NAME, 0);
    closedir(d);
}

/* ---- what killed collectors left ---- */

/* Nobody else can have put anything in, or led us elsewhere. */
static bool is_private(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

static bool has_magic(int control)
{
    cci_control_t seen;
    return pread(control, &seen, sizeof seen, 0) == (ssize_t)sizeof seen &&
           seen.magic == CCI_CONTROL_MAGIC;
}

/* The number is looked at before the lock. */
static bool is_abandoned(int control)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return is_private(control) && has_magic(control) && fcntl(control, F_OFD_GETLK, &lock) == 0 &&
           lock.l_type == F_UNLCK;
}

/* A program that still has the page mapped records no further. */
static bool stop_if_abandoned(int folder)
{
    const uint32_t stop    = 1;
    int            control = openat(folder, CCI_CONTROL_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (control < 0)
        return false;
    bool stopped = is_abandoned(control) &&
                   pwrite(control, &stop, sizeof stop, offsetof(cci_control_t, stop)) > 0;
    close(control);
    return stopped;
}

/* Takes the folder's descriptor. False: it is not for us to remove. */
static bool empty_if_abandoned(int folder)
{
    if (!is_private(folder)) {
        close(folder);
        return false;
    }
    if (stop_if_abandoned(folder))
        empty(folder);
    else
        close(folder);
    return true;
}

static void remove_if_abandoned(int place, const char *name)
{
    int folder = openat(place, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (folder >= 0 && empty_if_abandoned(folder))
        unlinkat(place, name, AT_REMOVEDIR); /* not if anything is left in it */
}

static void sweep(const char *place)
{
    DIR           *d = opendir(place);
    struct dirent *e;

    while (d && (e = readdir(d)))
        if (strncmp(e->d_name, SPOOL_PREFIX, strlen(SPOOL_PREFIX)) == 0)
            remove_if_abandoned(dirfd(d), e->d_name);
    if (d)
        closedir(d);
}

/* ---- making one ---- */

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

/* By the name that the system will have for it in /proc/PID/maps. */
static int make_directory_in(const char *place, char *path)
{
    char real[PATH_MAX];

    sweep(place);
    int error = look_for_room(place);
    if (error)
        return error;
    if (!realpath(place, real))
        return errno;
    int n = snprintf(path, PATH_MAX, "%s/" SPOOL_PREFIX "XXXXXX", real);
    if (n < 0 || n >= PATH_MAX)
        return ENAMETOOLONG;
    return mkdtemp(path) ? 0 : errno;
}

static int make_directory(const char *const *places, char *path)
{
    int error = ENOENT;

    for (; *places; places++) {
        error = make_directory_in(*places, path);
        if (!error)
            return 0;
    }
    path[0] = '\0';
    return error;
}

static int make_control(cci_spool_t *s)
{
    char         path[PATH_MAX + 16];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    snprintf(path, sizeof path, "%s/" CCI_CONTROL_NAME, s->path);
    s->control_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (s->control_fd < 0 || ftruncate(s->control_fd, sizeof(cci_control_t)) != 0 ||
        fcntl(s->control_fd, F_OFD_SETLK, &lock) != 0)
        return errno;
    void *p =
        mmap(NULL, sizeof(cci_control_t), PROT_READ | PROT_WRITE, MAP_SHARED, s->control_fd, 0);
    if (p == MAP_FAILED)
        return errno;
    s->control            = p;
    s->control->collector = getpid();
    s->control->magic     = CCI_CONTROL_MAGIC; /* last: see is_abandoned */
    return 0;
}

static int make_once(cci_spool_t *s, const char *const *places)
{
    s->control    = NULL;
    s->control_fd = -1;
    int r         = make_directory(places, s->path);
    if (r)
        return r;
    r = make_control(s);
    if (r)
        cci_spool_remove(s);
    return r;
}

/* ENOENT: somebody has just taken the folder for an abandoned one. */
int cci_spool_make_in(cci_spool_t *s, const char *const *places)
{
    enum { TRIES = 100 };
    int r = ENOENT;

    for (int i = 0; r == ENOENT && i < TRIES; i++)
        r = make_once(s, places);
    return r;
}

/* Memory is the place for it; where there is no such file system, or it is full, a file will do. */
int cci_spool_make(cci_spool_t *s)
{
    const char *set      = getenv("TMPDIR");
    const char *tmp      = set && *set ? set : "/tmp";
    const char *places[] = { "/dev/shm", tmp, "/tmp", NULL };
    int         r        = cci_spool_make_in(s, places);

    if (!s->path[0])
        snprintf(s->path, sizeof s->path, "%s", tmp);
    return r;
}

void cci_spool_remove(cci_spool_t *s)
{
    int folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (folder >= 0)
        empty(folder);
    if (s->control)
        munmap(s->control, sizeof *s->control);
    if (s->control_fd >= 0)
        close(s->control_fd);
    rmdir(s->path);
}
