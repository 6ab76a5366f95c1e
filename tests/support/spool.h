/* SPDX-License-Identifier: MIT */
/* spool.h - the collector's side of a spool, for tests that are the collector: a directory with a
 * control page that is locked, as `ccmem profile` makes it, in the current directory. Include
 * cmocka.h, or define assert_true, before. */
#ifndef TEST_SPOOL_H
#define TEST_SPOOL_H
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prim/futex.h"
#include "record/collector_process.h"
#include "record/pool.h"

typedef struct spool {
    char           path[PATH_MAX];
    int            fd; /* has the lock */
    cci_control_t *control;
} spool_t;

static inline spool_t spool_make(const char *name)
{
    spool_t      s    = { .fd = -1 };
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char         cwd[PATH_MAX / 2], path[PATH_MAX + 16];

    assert_true(getcwd(cwd, sizeof cwd) != NULL);
    snprintf(s.path, sizeof s.path, "%s/%s", cwd, name);
    assert_true(mkdir(s.path, 0700) == 0);
    snprintf(path, sizeof path, "%s/" CCI_CONTROL_NAME, s.path);
    s.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(s.fd >= 0 && ftruncate(s.fd, sizeof(cci_control_t)) == 0);
    assert_true(fcntl(s.fd, F_OFD_SETLK, &lock) == 0);
    s.control = mmap(NULL, sizeof *s.control, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
    assert_true(s.control != MAP_FAILED);
    s.control->collector = getpid();
    s.control->magic     = CCI_CONTROL_MAGIC;
    return s;
}

/* As when the collector was killed. */
static inline void spool_die(spool_t *s)
{
    if (s->fd < 0)
        return;
    munmap(s->control, sizeof *s->control);
    close(s->fd);
    s->fd = -1;
}

static inline void spool_remove(spool_t *s)
{
    DIR           *d = opendir(s->path);
    struct dirent *e;

    while (d && (e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    spool_die(s);
    rmdir(s->path);
}

/* As the collector tells that it has freed chunks. */
static inline void spool_say_drained(spool_t *s)
{
    atomic_fetch_add_explicit(&s->control->drained, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&s->control->waiting, memory_order_seq_cst))
        cci_futex_wake_all(&s->control->drained);
}

#endif
