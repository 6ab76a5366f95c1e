/* SPDX-License-Identifier: MIT */
/* symbols/image.h - the ELF file of a module, found and opened.
 *
 * Takes the file at the recorded path when its build-id is the recorded one, else a file of the
 * debug folders with that build-id, else, when allowed, what a debuginfod server has. Separate
 * debug information of a stripped file (build-id folders, .gnu_debuglink, .gnu_debugaltlink,
 * .gnu_debugdata) is found by libdwfl when the symbols or the DWARF are first asked for.
 *
 * Threads  one at a time, see symbols/symbolizer.h.
 */
#ifndef CCI_SYMBOLS_IMAGE_H
#define CCI_SYMBOLS_IMAGE_H
#include <stdbool.h>
#include <stdint.h>

#include <elfutils/libdwfl.h>

#include <ccmem/api.h>
#include <ccmem/result.h>

#include "symbols/span.h"
#include "symbols/symbolizer.h"

/* Where to look; made once, kept until the last image is closed. Fields are private. */
typedef struct cci_image_search {
    bool           debuginfod;
    char          *sysroot;    /* "" = none */
    char          *debug_dirs; /* "DIR:DIR" */
    char          *dwfl_path;  /* the same for libdwfl, with the folders beside the file first */
    Dwfl_Callbacks callbacks;
} cci_image_search_t;

/* An open file; all zero is none. An address of the file + bias is one of module. */
typedef struct cci_image {
    Dwfl        *dwfl;
    Dwfl_Module *module;
    uint64_t     bias;
    cci_spans_t  code; /* what the loader maps executable, in addresses of the file */
} cci_image_t;

/* Take over the options, copied. false: out of memory, nothing to release. */
CC_NODISCARD bool cci_image_search_init(cci_image_search_t             *search,
                                        const cci_symbolizer_options_t *options);

/* Release what init made. */
void cci_image_search_fini(cci_image_search_t *search);

/* Find and open the file of module: OK, NOT_FOUND or NO_MEMORY. *mismatch: there is a file at
 * the recorded path, but with another build-id. */
CC_NODISCARD cc_result_t cci_image_open(cci_image_t *image, const cci_image_search_t *search,
                                        const cci_symbol_module_t *module, bool *mismatch);

/* Close it, with all that libdw handed out; it is none again. */
void cci_image_close(cci_image_t *image);

#endif
