/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files instead of random bytes, so that an ordinary build checks that
 * what the fuzzer once found stays fixed.
 *
 *     replay FILE-OR-FOLDER...
 *
 * The empty input is always tried. Fails when there is nothing to read: a corpus that was moved
 * away must not look like success.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target may have one. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static bool complain(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return false;
}

/* The block is exactly as large as the file: a sanitizer sees the first byte too far. */
static bool read_all(const char *path, size_t size, uint8_t *data)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return complain(path);

    bool whole = fread(data, 1, size, file) == size;
    fclose(file);
    if (!whole)
        fprintf(stderr, "replay: %s: shorter than its size\n", path);
    return whole;
}

static bool replay_file(const char *path, size_t size, size_t *count)
{
    uint8_t *data = malloc(size ? size : 1);
    if (!data)
        return complain(path);

    bool done = read_all(path, size, data);
    if (done) {
        fprintf(stderr, "%s\n", path); /* before the run: names the input of a crash */
        LLVMFuzzerTestOneInput(data, size);
        ++*count;
    }
    free(data);
    return done;
}

static bool replay(const char *path, size_t *count);

static bool replay_folder(const char *path, size_t *count)
{
    struct dirent **entries;
    int             n = scandir(path, &entries, NULL, alphasort);
    if (n < 0)
        return complain(path);

    bool done = true;
    for (int i = 0; i < n; i++) {
        char *inner;
        if (entries[i]->d_name[0] != '.') {
            if (asprintf(&inner, "%s/%s", path, entries[i]->d_name) < 0)
                abort();
            done = replay(inner, count) && done;
            free(inner);
        }
        free(entries[i]);
    }
    free(entries);
    return done;
}

static bool replay(const char *path, size_t *count)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return complain(path);
    if (S_ISDIR(info.st_mode))
        return replay_folder(path, count);
    return replay_file(path, (size_t)info.st_size, count);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    bool   done  = true;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        done = replay(argv[i], &count) && done;

    fprintf(stderr, "replay: %zu inputs\n", count);
    return done && count > 0 ? 0 : 1;
}
