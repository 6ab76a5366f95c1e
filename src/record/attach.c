/* SPDX-License-Identifier: MIT */
/* record/attach.c - see record/attach.h.
 *
 * Works inside malloc: no allocation, little stack. Descriptors are closed before anything returns.
 */
#include "record/attach.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

cci_door_t cci_door;

static char  door_path[PATH_MAX]; /* "" = this process made none */
static bool  is_file;             /* the page is one of a file's */
static void *locked;              /* a mapping that holds the lock; NULL = nobody does */

/* ---- the folder ---- */

/* Ours alone, so that whoever can open what is in it may do to us what we may. */
static int use_folder(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return errno;
    if (lstat(path, &st) != 0)
        return errno;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0 ? 0 : EPERM;
}

/* The i-th place for it, into door_path; its length, or 0 when there are no more, or -1 for none. */
static int name_folder(unsigned i)
{
    const char *own = getenv("XDG_RUNTIME_DIR");
    int         n   = -1;

    if (i == 0 && own && own[0] == '/')
        n = snprintf(door_path, sizeof door_path, "%s/ccmem", own);
    else if (i == 1)
        n = snprintf(door_path, sizeof door_path, "/dev/shm/ccmem-%u", (unsigned)geteuid());
    else if (i == 2)
        n = snprintf(door_path, sizeof door_path, "/tmp/ccmem-%u", (unsigned)geteuid());
    else if (i > 2)
        n = 0;
    return n < PATH_MAX - 32 ? n : -1;
}

/* ---- the file ---- */

/* The lock that the mapping will hold. EAGAIN: somebody has just taken the file for a stale one. */
static int lock_open(int fd)
{
    struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = CCI_DOOR_LOCK_OPEN, .l_len = 1
    };
    struct stat st;

    if (fcntl(fd, F_OFD_SETLK, &lock) != 0)
        return errno;
    return fstat(fd, &st) != 0 ? errno : st.st_nlink == 0 ? EAGAIN : 0;
}

/* Written in full: what is mapped has room on the disk. */
static int fill(int fd, const cci_door_t *contents)
{
    ssize_t n = write(fd, contents, CCI_DOOR_BYTES);
    return n == CCI_DOOR_BYTES ? 0 : n < 0 ? errno : ENOSPC;
}

static int map(int fd)
{
    void *p =
        mmap(&cci_door, sizeof cci_door, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    if (p == MAP_FAILED)
        return errno;
    is_file = true;
    return 0;
}

/* A file of this name, and be at it. EEXIST, EAGAIN: try another name. */
static int make_file(const cci_door_t *contents)
{
    int fd = open(door_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    int r = lock_open(fd);
    if (!r)
        r = fill(fd, contents);
    if (!r)
        r = map(fd);
    close(fd); /* the mapping keeps the lock */
    if (r)
        unlink(door_path);
    return r;
}

/* In the folder whose name door_path is, n bytes long. */
static int make_in_folder(const cci_door_t *contents, size_t n)
{
    int r = use_folder(door_path);

    for (unsigned i = 0; i < 10000 && (i == 0 ? r == 0 : r == EEXIST || r == EAGAIN); i++) {
        snprintf(door_path + n, sizeof door_path - n, "/%d.%u" CCI_DOOR_SUFFIX, getpid(), i);
        r = make_file(contents);
    }
    return r;
}

/* What the last folder said is what is to be told. */
int cci_door_make(const cci_door_t *contents, const char **what)
{
    static char tried[PATH_MAX];
    int         n, r = ENOENT;

    for (unsigned i = 0; r && (n = name_folder(i)) != 0; i++) {
        if (n < 0)
            continue;
        snprintf(tried, sizeof tried, "%s", door_path);
        r = make_in_folder(contents, (size_t)n);
    }
    *what = tried;
    if (r)
        door_path[0] = '\0';
    return r;
}

/* Made elsewhere and moved here, because other threads read the word all the time. */
void cci_door_leave(void)
{
    cci_door_t *page =
        mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    door_path[0] = '\0';
    if (page == MAP_FAILED)
        return; /* at the old one, until the process ends */
    atomic_store_explicit(&page->word, CCI_WORD_ASLEEP, memory_order_relaxed);
    if (mremap(page, sizeof *page, sizeof *page, MREMAP_MAYMOVE | MREMAP_FIXED, &cci_door) ==
        MAP_FAILED)
        munmap(page, sizeof *page);
    else
        is_file = false;
}

/* ---- the end ---- */

/* With our own mapping gone, a lock on it can only be a fork's. */
static bool is_needed(const char *path)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = CCI_DOOR_LOCK_OPEN, .l_len = 1
    };
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return true;
    bool needed = fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    close(fd);
    return needed;
}

void cci_door_remove(void)
{
    static char path[PATH_MAX];

    if (!cci_door_is_own())
        return;
    snprintf(path, sizeof path, "%s", door_path);
    cci_door_leave();
    if (!is_needed(path))
        unlink(path);
}

/* The lock is its parent's, and was not mapped here. */
void cci_door_forked(void)
{
    door_path[0] = '\0';
    locked       = NULL;
}

bool cci_door_is_own(void)
{
    return door_path[0] != '\0';
}

bool cci_door_is_shared(void)
{
    return is_file && !cci_door_is_own();
}

/* ---- keeping others out ---- */

/* As with the door itself, a mapping holds what no descriptor could: the program closes those. */
static bool hold_lock(int fd)
{
    struct flock attached = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = CCI_DOOR_LOCK_ATTACHED, .l_len = 1
    };

    if (fcntl(fd, F_OFD_SETLK, &attached) != 0)
        return false;
    void *p = mmap(NULL, CCI_DOOR_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return false;
    madvise(p, CCI_DOOR_BYTES, MADV_DONTFORK);
    locked = p;
    return true;
}

bool cci_door_lock(void)
{
    int fd = cci_door_is_own() ? open(door_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

    if (fd < 0)
        return true;
    bool held = hold_lock(fd);
    close(fd);
    return held;
}

void cci_door_unlock(void)
{
    if (locked)
        munmap(locked, CCI_DOOR_BYTES);
    locked = NULL;
}
