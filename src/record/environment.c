/* SPDX-License-Identifier: MIT */
/* record/environment.c - see record/environment.h. */
#include "record/environment.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define PRELOAD_NAME "libccmem_preload.so"

/* ---- reading ---- */

bool cci_environment_ready(void)
{
    return environ != NULL;
}

static bool complain(const char *name, const char *value, const char *why)
{
    char line[512];
    int n = snprintf(line, sizeof line, "ccmem: record: %s=%.200s: %s; nothing is recorded\n", name,
                     value, why);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        return false;
    return false;
}

static bool read_mode(cci_trace_mode_t *mode)
{
    const char *v = getenv(CCI_ENV_MODE);

    if (!v || strcmp(v, "full") == 0)
        *mode = CCI_MODE_FULL;
    else if (strcmp(v, "sample") == 0)
        *mode = CCI_MODE_SAMPLE;
    else if (strcmp(v, "count") == 0)
        *mode = CCI_MODE_COUNT;
    else
        return complain(CCI_ENV_MODE, v, "must be full, sample or count");
    return true;
}

static bool read_number(const char *name, uint64_t *out, uint64_t otherwise)
{
    const char *v = getenv(name);
    char       *end;

    *out = otherwise;
    if (!v)
        return true;
    errno                = 0;
    unsigned long long n = strtoull(v, &end, 10);
    if (errno || *end || *v < '0' || *v > '9')
        return complain(name, v, "must be a number");
    *out = n;
    return true;
}

static bool read_start(bool *dormant)
{
    const char *v = getenv(CCI_ENV_START);

    *dormant = v && strcmp(v, "dormant") == 0;
    return !v || *dormant || strcmp(v, "now") == 0 ||
           complain(CCI_ENV_START, v, "must be now or dormant");
}

/* A program may change its directory; the file is to stay where it was meant. */
static bool absolute(char *out, const char *path)
{
    char cwd[PATH_MAX] = "";

    if (path[0] != '/' && !getcwd(cwd, sizeof cwd))
        return false;
    int n = path[0] == '/' ? snprintf(out, PATH_MAX, "%s", path)
                           : snprintf(out, PATH_MAX, "%s/%s", cwd, path);
    return n > 0 && n < PATH_MAX;
}

/* Where to; a dormant process is told when somebody attaches. */
static bool read_destination(cci_recorder_options_t *o)
{
    const char *spool = getenv(CCI_ENV_SPOOL), *output = getenv(CCI_ENV_OUTPUT);

    o->spool[0] = o->output[0] = '\0';
    if (!read_start(&o->dormant))
        return false;
    if (o->dormant)
        return true;
    if (!spool && !output)
        return false;
    if (spool ? !absolute(o->spool, spool) : !absolute(o->output, output))
        return complain(spool ? CCI_ENV_SPOOL : CCI_ENV_OUTPUT, spool ? spool : output,
                        "is too long");
    return true;
}

bool cci_environment_read(cci_recorder_options_t *o)
{
    const char *follow = getenv(CCI_ENV_FOLLOW);

    if (!read_destination(o))
        return false;
    o->follow = follow && strcmp(follow, "1") == 0;
    if (!read_mode(&o->mode) || !read_number(CCI_ENV_SEED, &o->seed, 0) ||
        !read_number(CCI_ENV_INTERVAL, &o->sample_interval, CCI_SAMPLE_INTERVAL_DEFAULT) ||
        !read_number(CCI_ENV_MEASURE, &o->measure_every, CCI_MEASURE_EVERY_DEFAULT))
        return false;
    if (o->sample_interval == 0)
        return complain(CCI_ENV_INTERVAL, "0", "must be at least 1");
    if (o->measure_every > CCI_MEASURE_EVERY_MAX)
        return complain(CCI_ENV_MEASURE, getenv(CCI_ENV_MEASURE), "must be at most 1073741824");
    return true;
}

/* ---- hiding ---- */

static bool is_ours(const char *entry)
{
    static const char *const names[] = { CCI_ENV_SPOOL,    CCI_ENV_OUTPUT, CCI_ENV_MODE,
                                         CCI_ENV_INTERVAL, CCI_ENV_FOLLOW, CCI_ENV_SEED,
                                         CCI_ENV_MEASURE,  CCI_ENV_START };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncmp(entry, names[i], n) == 0 && entry[n] == '=')
            return true;
    }
    return false;
}

/* Remove our library from a list separated by colons or spaces. */
static void remove_library(char *list)
{
    char *out = list;

    for (char *item = list; *item;) {
        size_t n = strcspn(item, ": "), slash = n;
        while (slash > 0 && item[slash - 1] != '/')
            slash--;
        bool ours =
            n - slash == strlen(PRELOAD_NAME) && memcmp(item + slash, PRELOAD_NAME, n - slash) == 0;
        char *next = item + n + (item[n] != '\0');
        if (!ours && n > 0) {
            if (out != list)
                *out++ = ':';
            memmove(out, item, n);
            out += n;
        }
        item = next;
    }
    *out = '\0';
}

void cci_environment_hide(void)
{
    static const char preload[] = "LD_PRELOAD=";
    char            **to        = environ;

    if (!environ)
        return;
    for (char **from = environ; *from; from++) {
        bool gone = is_ours(*from);
        if (strncmp(*from, preload, sizeof preload - 1) == 0) {
            char *list = *from + sizeof preload - 1;
            remove_library(list);
            gone = *list == '\0';
        }
        if (!gone)
            *to++ = *from;
    }
    *to = NULL;
}

/* ---- file names ---- */

int cci_spool_path(char *path, const char *spool, int pid, unsigned number)
{
    int n = snprintf(path, PATH_MAX, "%s/%d.%u" CCI_POOL_SUFFIX, spool, pid, number);
    return n > 0 && n < PATH_MAX ? 0 : ENAMETOOLONG;
}

/* What makes the name this process' own: "", ".PID" or ".PID.NUMBER". */
static void distinction(char out[32], bool named_by_pid, int pid, bool forked, unsigned number)
{
    unsigned nth = number + (forked && !named_by_pid); /* choices that are used up */

    out[0] = '\0';
    if (named_by_pid && nth > 0)
        snprintf(out, 32, ".%u", nth);
    else if (!named_by_pid && nth == 1)
        snprintf(out, 32, ".%d", pid);
    else if (!named_by_pid && nth > 1)
        snprintf(out, 32, ".%d.%u", pid, nth - 1);
}

struct text {
    char  *at;
    size_t left;
};

static void append(struct text *t, const char *s, size_t n)
{
    if (n >= t->left) {
        t->left = 0;
        return;
    }
    memcpy(t->at, s, n);
    t->at += n;
    t->left -= n;
    *t->at = '\0';
}

static void expand(struct text *t, const char *pattern, size_t n, int pid)
{
    char word[256] = "";

    for (size_t i = 0; i < n; i++) {
        if (pattern[i] == '%' && i + 1 < n && pattern[i + 1] == 'p') {
            snprintf(word, sizeof word, "%d", pid);
        } else if (pattern[i] == '%' && i + 1 < n && pattern[i + 1] == 'h') {
            if (gethostname(word, sizeof word - 1) != 0)
                strcpy(word, "host");
        } else {
            append(t, &pattern[i], 1);
            continue;
        }
        append(t, word, strlen(word));
        i++;
    }
}

int cci_output_path(char *path, const char *pattern, int pid, bool forked, unsigned number)
{
    static const char suffix[] = ".ccm";
    size_t            n = strlen(pattern), stem = n;
    struct text       t = { path, PATH_MAX };
    char              own[32];

    if (n > sizeof suffix - 1 && strcmp(pattern + n - (sizeof suffix - 1), suffix) == 0)
        stem = n - (sizeof suffix - 1);
    distinction(own, strstr(pattern, "%p") != NULL, pid, forked, number);
    expand(&t, pattern, stem, pid);
    append(&t, own, strlen(own));
    append(&t, pattern + stem, n - stem);
    return t.left ? 0 : ENAMETOOLONG;
}
