/* SPDX-License-Identifier: MIT */
/* image.c - see symbols/image.h for the contract.
 *
 * Each image has a Dwfl of its own and is reported at its own addresses, so modules cannot
 * overlap and need no run-time layout. One Dwfl for all would have to invent a layout.
 *
 * libdwfl's standard search for debug files ends with a question to the servers in
 * $DEBUGINFOD_URLS and has no switch against it. While the search runs offline, the variable is
 * therefore taken out of the environment; a search of our own would repeat 200 lines of libdwfl
 * (links, checksums, dwz) to leave out one call.
 */
#include "symbols/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const URLS = "DEBUGINFOD_URLS";

static int find_no_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
                       char **file_name, Elf **elf)
{
    (void)module, (void)userdata, (void)name, (void)base, (void)file_name, (void)elf;
    return -1;
}

static int find_debuginfo_offline(Dwfl_Module *module, void **userdata, const char *name,
                                  Dwarf_Addr base, const char *file_name, const char *link,
                                  GElf_Word link_crc, char **found)
{
    const char *urls  = getenv(URLS);
    char       *saved = urls ? strdup(urls) : NULL;

    if (urls && (!saved || unsetenv(URLS) != 0)) {
        free(saved);
        return -1;
    }
    int fd = dwfl_standard_find_debuginfo(module, userdata, name, base, file_name, link, link_crc,
                                          found);
    int error = errno; /* libdwfl looks at it */
    if (saved)
        (void)setenv(URLS, saved, 1); /* cannot fail but by memory: then we stay offline */
    free(saved);
    errno = error;
    return fd;
}

static bool image_search_strings(cci_image_search_t *s, const cci_symbolizer_options_t *o)
{
    s->sysroot = strdup(o->sysroot ? o->sysroot : "");
    if (!s->sysroot)
        return false;
    int n = o->debug_dirs ? asprintf(&s->debug_dirs, "%s", o->debug_dirs)
                          : asprintf(&s->debug_dirs, "%s/usr/lib/debug", s->sysroot);
    if (n < 0) {
        s->debug_dirs = NULL;
        return false;
    }
    /* "+": check the checksum of a link; "" and ".debug" are relative to the file. */
    if (asprintf(&s->dwfl_path, "+:.debug:%s", s->debug_dirs) < 0) {
        s->dwfl_path = NULL;
        return false;
    }
    return true;
}

bool cci_image_search_init(cci_image_search_t *s, const cci_symbolizer_options_t *o)
{
    *s = (cci_image_search_t){ .debuginfod = o->debuginfod };
    if (!image_search_strings(s, o)) {
        cci_image_search_fini(s);
        return false;
    }
    s->callbacks = (Dwfl_Callbacks){
        .find_elf        = o->debuginfod ? dwfl_build_id_find_elf : find_no_elf,
        .find_debuginfo  = o->debuginfod ? dwfl_standard_find_debuginfo : find_debuginfo_offline,
        .section_address = dwfl_offline_section_address,
        .debuginfo_path  = &s->dwfl_path,
    };
    return true;
}

void cci_image_search_fini(cci_image_search_t *s)
{
    free(s->sysroot);
    free(s->debug_dirs);
    free(s->dwfl_path);
    *s = (cci_image_search_t){ 0 };
}

static bool has_build_id(Dwfl_Module *module, const cci_symbol_module_t *wanted)
{
    const unsigned char *bits;
    GElf_Addr            at;

    if (wanted->build_id_len == 0)
        return true;
    int n = dwfl_module_build_id(module, &bits, &at);
    return n > 0 && (size_t)n == wanted->build_id_len &&
           memcmp(bits, wanted->build_id, (size_t)n) == 0;
}

static cc_result_t read_code_segments(cci_image_t *image, Elf *elf)
{
    size_t count = 0;

    (void)elf_getphdrnum(elf, &count);
    for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
            continue;
        if (ph.p_memsz > UINT64_MAX - ph.p_vaddr)
            continue;
        if (!cci_spans_add(&image->code, ph.p_vaddr, ph.p_vaddr + ph.p_memsz, 0))
            return CC_RESULT_NO_MEMORY;
    }
    if (!cci_spans_seal(&image->code))
        return CC_RESULT_NO_MEMORY;
    return image->code.count ? CC_RESULT_OK : CC_RESULT_NOT_FOUND;
}

/* The module was reported: is it a file to use? */
static cc_result_t image_accept(cci_image_t *image, const cci_symbol_module_t *wanted)
{
    GElf_Addr bias;
    Elf      *elf = image->module ? dwfl_module_getelf(image->module, &bias) : NULL;

    if (!elf)
        return CC_RESULT_NOT_FOUND;
    if (!has_build_id(image->module, wanted))
        return CC_RESULT_INVALID;
    image->bias = bias;
    return read_code_segments(image, elf);
}

static cc_result_t image_begin(cci_image_t *image, const cci_image_search_t *s)
{
    *image = (cci_image_t){ .dwfl = dwfl_begin(&s->callbacks) };
    if (!image->dwfl)
        return CC_RESULT_NO_MEMORY;
    dwfl_report_begin(image->dwfl);
    return CC_RESULT_OK;
}

static cc_result_t image_end(cci_image_t *image, const cci_symbol_module_t *wanted)
{
    cc_result_t r = CC_RESULT_NOT_FOUND;

    if (dwfl_report_end(image->dwfl, NULL, NULL) == 0)
        r = image_accept(image, wanted);
    if (r != CC_RESULT_OK)
        cci_image_close(image);
    return r;
}

/* Open the file at path: OK, NOT_FOUND, NO_MEMORY, or INVALID when its build-id is another. */
static cc_result_t open_path(cci_image_t *image, const cci_image_search_t *s, const char *path,
                             const cci_symbol_module_t *wanted)
{
    struct stat st;

    /* A name in a trace may be a pipe or a device by now; opening those can block. */
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return CC_RESULT_NOT_FOUND;
    cc_result_t r = image_begin(image, s);
    if (r != CC_RESULT_OK)
        return r;
    image->module = dwfl_report_elf(image->dwfl, path, path, -1, 0, true);
    return image_end(image, wanted);
}

static cc_result_t open_recorded(cci_image_t *image, const cci_image_search_t *s,
                                 const cci_symbol_module_t *wanted)
{
    char *path;

    if (!wanted->path || wanted->path[0] != '/')
        return CC_RESULT_NOT_FOUND;
    if (asprintf(&path, "%s%s", s->sysroot, wanted->path) < 0)
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = open_path(image, s, path, wanted);
    free(path);
    return r;
}

/* DIR/.build-id/xx/yyyy: the file itself on some systems; with .debug: what was stripped from it. */
static cc_result_t open_in_debug_dir(cci_image_t *image, const cci_image_search_t *s,
                                     const char *dir, int dir_len, const char *suffix,
                                     const cci_symbol_module_t *wanted)
{
    char  hex[2 * 64 + 1];
    char *path;

    if (wanted->build_id_len < 2 || wanted->build_id_len > 64)
        return CC_RESULT_NOT_FOUND;
    for (size_t i = 0; i < wanted->build_id_len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02" PRIx8, wanted->build_id[i]);
    if (asprintf(&path, "%.*s/.build-id/%.2s/%s%s", dir_len, dir, hex, hex + 2, suffix) < 0)
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = open_path(image, s, path, wanted);
    free(path);
    return r == CC_RESULT_INVALID ? CC_RESULT_NOT_FOUND : r;
}

static cc_result_t open_by_build_id(cci_image_t *image, const cci_image_search_t *s,
                                    const cci_symbol_module_t *wanted)
{
    cc_result_t r = CC_RESULT_NOT_FOUND;

    for (const char *dir = s->debug_dirs; r == CC_RESULT_NOT_FOUND && *dir != '\0';) {
        size_t len = strcspn(dir, ":");
        if (*dir == '/')
            r = open_in_debug_dir(image, s, dir, (int)len, "", wanted);
        if (*dir == '/' && r == CC_RESULT_NOT_FOUND)
            r = open_in_debug_dir(image, s, dir, (int)len, ".debug", wanted);
        dir += len + (dir[len] == ':');
    }
    return r;
}

/* Have libdwfl fetch the file; its place is unknown until then, so it gets all addresses. */
static cc_result_t open_by_server(cci_image_t *image, const cci_image_search_t *s,
                                  const cci_symbol_module_t *wanted)
{
    if (!s->debuginfod || wanted->build_id_len == 0 || wanted->build_id_len > INT32_MAX)
        return CC_RESULT_NOT_FOUND;
    cc_result_t r = image_begin(image, s);
    if (r != CC_RESULT_OK)
        return r;
    image->module = dwfl_report_module(image->dwfl, "", 0, INT64_MAX);
    if (image->module &&
        dwfl_module_report_build_id(image->module, wanted->build_id, wanted->build_id_len, 0) != 0)
        image->module = NULL;
    return image_end(image, wanted);
}

cc_result_t cci_image_open(cci_image_t *image, const cci_image_search_t *s,
                           const cci_symbol_module_t *wanted, bool *mismatch)
{
    cc_result_t r = open_recorded(image, s, wanted);

    *mismatch = r == CC_RESULT_INVALID;
    if (r == CC_RESULT_OK || r == CC_RESULT_NO_MEMORY || wanted->build_id_len == 0)
        return r;
    r = open_by_build_id(image, s, wanted);
    if (r == CC_RESULT_NOT_FOUND)
        r = open_by_server(image, s, wanted);
    return r == CC_RESULT_INVALID ? CC_RESULT_NOT_FOUND : r;
}

void cci_image_close(cci_image_t *image)
{
    if (image->dwfl)
        dwfl_end(image->dwfl);
    cci_spans_fini(&image->code);
    *image = (cci_image_t){ 0 };
}
