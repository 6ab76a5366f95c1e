/* SPDX-License-Identifier: MIT */
/* A program outside the project that looks at itself: `profile found` where the part of the library
 * that writes reports is installed with it, `profile missing` where it is not. Prints the version of
 * the library that it runs with. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ccmem/alloc.h>
#include <ccmem/profiler.h>
#include <ccmem/result.h>
#include <ccmem/version.h>

enum { BLOCKS = 1000, BYTES = 100, TEXT_MAX = 65536 };

static void work(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        void *p = cc_alloc(BYTES);
        if (p)
            cc_free(p, BYTES);
    }
}

/* Whoever asks gets what was counted, with or without the plugin. */
static int figures_are_right(cc_profiler_t *profiler)
{
    const cc_profiler_report_t *r;

    if (cc_profiler_report(profiler, &r) != CC_RESULT_OK)
        return 0;
    int right = r->alloc_count == BLOCKS && r->alloc_bytes == BLOCKS * BYTES &&
                r->free_count == BLOCKS && r->peak_allocated == BYTES;
    cc_profiler_report_destroy(r);
    return right;
}

static cc_result_t write_text(cc_profiler_t *profiler, char text[TEXT_MAX])
{
    FILE *file = tmpfile();

    if (!file)
        return CC_RESULT_IO;
    cc_result_t r = cc_profiler_write(profiler, "text", file);
    rewind(file);
    text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
    fclose(file);
    return r;
}

/* The report names this file's functions, and what is served has a port. */
static int documents_are_there(cc_profiler_t *profiler)
{
    static char text[TEXT_MAX];
    uint16_t    port = 0;

    return write_text(profiler, text) == CC_RESULT_OK && strstr(text, "main") &&
           cc_profiler_serve(profiler, "0", &port) == CC_RESULT_OK && port != 0;
}

static int documents_are_refused(cc_profiler_t *profiler)
{
    static char text[TEXT_MAX];
    uint16_t    port;

    return write_text(profiler, text) == CC_RESULT_NOT_FOUND && !text[0] &&
           cc_profiler_serve(profiler, "0", &port) == CC_RESULT_NOT_FOUND;
}

static int profile(int found)
{
    cc_profiler_options_t options = CC_PROFILER_OPTIONS_DEFAULT;
    cc_profiler_t        *profiler;

    options.capture_stacks = true;
    if (cc_profiler_create(&profiler, &options) != CC_RESULT_OK)
        return 0;
    int right = cc_profiler_start(profiler) == CC_RESULT_OK;
    if (right) {
        work();
        cc_profiler_stop(profiler);
    }
    right = right && figures_are_right(profiler);
    right = right && (found ? documents_are_there(profiler) : documents_are_refused(profiler));
    cc_profiler_destroy(profiler);
    return right;
}

int main(int argc, char **argv)
{
    int found = argc == 2 && strcmp(argv[1], "found") == 0;

    if (!profile(found) || puts(cc_version()) < 0) {
        fputs("profile: not what was expected\n", stderr);
        return 1;
    }
    return 0;
}
