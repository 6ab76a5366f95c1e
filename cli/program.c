/* SPDX-License-Identifier: MIT */
/* program.c - see program.h. */
#include "program.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "cli.h"

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#endif

/* ---- finding ---- */

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The first that can be run in PATH; else, in path, the first that is there at all. 0 or an errno. */
static int find_in_path(const char *name, char *path)
{
    const char *dirs  = getenv("PATH");
    int         error = ENOENT;
    char        candidate[PATH_MAX];

    for (const char *d = dirs ? dirs : "/usr/bin:/bin";; d++) {
        size_t n = strcspn(d, ":");
        int    written =
            snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)n, d, n ? "/" : "", name);
        if (written > 0 && (size_t)written < sizeof candidate && access(candidate, F_OK) == 0) {
            strcpy(path, candidate);
            if (is_program(path))
                return 0;
            error = EACCES;
        }
        d += n;
        if (!*d)
            return error;
    }
}

static int find(const char *name, char *path)
{
    struct stat st;

    if (name[0] == '\0')
        return ENOENT;
    if (!strchr(name, '/'))
        return find_in_path(name, path);
    if (strlen(name) >= PATH_MAX)
        return ENAMETOOLONG;
    strcpy(path, name);
    if (stat(path, &st) != 0)
        return errno;
    return S_ISDIR(st.st_mode) ? EISDIR : is_program(path) ? 0 : EACCES;
}

/* ---- looking inside ---- */

enum { HEAD_BYTES = 4096 };

typedef struct head {
    unsigned char byte[HEAD_BYTES];
    size_t        size;
} head_t;

/* A program that may be run and not read shows nothing, and is not refused. */
static head_t read_head(const char *path)
{
    head_t  h;
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n  = fd < 0 ? 0 : read(fd, h.byte, sizeof h.byte);

    if (fd >= 0)
        close(fd);
    h.size = n > 0 ? (size_t)n : 0;
    return h;
}

static bool has_interpreter(const head_t *h, const Elf64_Ehdr *eh)
{
    for (unsigned i = 0; i < eh->e_phnum; i++) {
        Elf64_Phdr ph;
        uint64_t   at = eh->e_phoff + (uint64_t)i * eh->e_phentsize;
        if (at > h->size || sizeof ph > h->size - at)
            return true; /* not where any linker puts it: cannot tell */
        memcpy(&ph, h->byte + at, sizeof ph);
        if (ph.p_type == PT_INTERP)
            return true;
    }
    return false;
}

/* Why the loader would not take our library into this file, NULL when it will. */
static const char *why_not_elf(const head_t *h)
{
    Elf64_Ehdr eh;

    if (h->size < EI_NIDENT || memcmp(h->byte, ELFMAG, SELFMAG) != 0)
        return NULL;
    if (h->byte[EI_CLASS] == ELFCLASS32)
        return "a 32-bit program; this ccmem is for 64-bit programs";
    if (h->size < sizeof eh)
        return NULL;
    memcpy(&eh, h->byte, sizeof eh);
    if (eh.e_machine != OUR_MACHINE)
        return "a program for another processor";
    if ((eh.e_type == ET_EXEC || eh.e_type == ET_DYN) && !has_interpreter(h, &eh))
        return "statically linked, so that no library can be loaded before it; link it without "
               "-static";
    return NULL;
}

static bool changes_owner(const struct stat *st)
{
    return (st->st_mode & S_ISUID && st->st_uid != getuid()) ||
           (st->st_mode & S_ISGID && st->st_gid != getgid());
}

/* Root has all capabilities already. */
static bool gains_capabilities(const char *path)
{
    return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

/* The loader ignores LD_PRELOAD where running the file changes who one is, or what one may do. */
static const char *why_not_secure(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return NULL;
    if (changes_owner(&st))
        return "changes its user or group (setuid), and then the system loads no library before "
               "it; run it as that user, or a copy without the bit";
    if (gains_capabilities(path))
        return "gains privileges (file capabilities), and then the system loads no library before "
               "it; run it as root, or a copy without them";
    return NULL;
}

/* "#!/usr/bin/env python3" -> "/usr/bin/env". False when there is no such line. */
static bool script_interpreter(const head_t *h, char *path)
{
    size_t at = 2, n = 0;

    if (h->size < 3 || memcmp(h->byte, "#!", 2) != 0)
        return false;
    while (at < h->size && (h->byte[at] == ' ' || h->byte[at] == '\t'))
        at++;
    while (at + n < h->size && n < PATH_MAX - 1 && !strchr(" \t\n", h->byte[at + n]))
        n++;
    memcpy(path, h->byte + at, n);
    path[n] = '\0';
    return n > 0;
}

int cci_program_check(const char *command, const char *name)
{
    char        path[PATH_MAX] = "", interpreter[PATH_MAX];
    int         error          = find(name, path);
    const char *why;

    if (error)
        return cci_fail(error == ENOENT || error == ENOTDIR ? CCI_EXIT_INPUT : CCI_EXIT_SYSTEM,
                        command, name, error == EACCES ? "is not executable" : "%s",
                        strerror(error));
    head_t head = read_head(path);
    if (script_interpreter(&head, interpreter) && is_program(interpreter)) {
        head = read_head(interpreter);
        strcpy(path, interpreter);
    }
    why = why_not_elf(&head);
    why = why ? why : why_not_secure(path);
    return why ? cci_fail(CCI_EXIT_SYSTEM, command, name, "%s", why) : CCI_GO_ON;
}

bool cci_program_is_self(const char *name)
{
    char        path[PATH_MAX];
    struct stat named, own;

    return find(name, path) == 0 && stat(path, &named) == 0 && stat("/proc/self/exe", &own) == 0 &&
           named.st_dev == own.st_dev && named.st_ino == own.st_ino;
}

/* ---- our own libraries ---- */

int cci_program_check_library(const char *command, const char *path)
{
    if (strpbrk(path, ": "))
        return cci_fail(CCI_EXIT_SYSTEM, command, path,
                        "LD_PRELOAD takes no name with a blank or a colon; install it elsewhere");
    return CCI_GO_ON;
}

static int find_library(const char *command, const char *name, char *path)
{
    static const char *const places[] = { "../" CCMEM_LIBDIR, "../lib" };
    char                     own[PATH_MAX];
    ssize_t                  n = readlink("/proc/self/exe", own, sizeof own - 1);

    if (n <= 0)
        return cci_fail(CCI_EXIT_SYSTEM, command, "/proc/self/exe", "%s", strerror(errno));
    own[n]             = '\0';
    *strrchr(own, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char candidate[PATH_MAX + 64];
        snprintf(candidate, sizeof candidate, "%s/%s/%s", own, places[i], name);
        if (realpath(candidate, path))
            return cci_program_check_library(command, path);
    }
    return cci_fail(CCI_EXIT_SYSTEM, command, name, "is not beside %s; install ccmem again", own);
}

int cci_program_preload(const char *command, char *path)
{
    return find_library(command, "libccmem_preload.so", path);
}

int cci_program_verify(const char *command, char *path)
{
    return find_library(command, "libccmem_verify.so", path);
}
