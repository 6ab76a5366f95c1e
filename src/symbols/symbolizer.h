/* SPDX-License-Identifier: MIT */
/* symbols/symbolizer.h - from an address in a module to functions, files and lines.
 *
 * Works after the fact and perhaps on another host than the recorded program's: a module is what
 * the trace knows of it (path and build-id), an address is one of the ELF file, that is the
 * run-time address minus the load bias. A file whose build-id is not the recorded one is never
 * used. Not for the traced process: it opens files, allocates and takes its time.
 *
 * Example:
 *   cci_symbolizer_t *s = cci_symbolizer_create(NULL);
 *   cci_symbol_module_t libz = { .path = "/lib/x86_64-linux-gnu/libz.so.1" };
 *   cci_symbol_frames_t found;
 *   uint32_t module;
 *   if (s && cci_symbolizer_add_module(s, &libz, &module)
 *         && cci_symbolizer_lookup(s, module, 0x2345, false, &found))
 *       for (size_t i = 0; i < found.count; i++)
 *           puts(found.frame[i].function ? found.frame[i].function : "?");
 *   cci_symbolizer_destroy(s);
 *
 * Units    addresses are those of the ELF file; lines count from 1, 0 = not known.
 * Failure  false or NULL: out of memory; nothing changed, outputs are untouched, and the call may
 *          be repeated. A file that is missing, unreadable or damaged is no failure, only less
 *          known: fewer frames, or none. Out of reach: libdw ends the process when it is refused
 *          memory itself.
 * Threads  one thread at a time, and while debuginfod is off no other thread may use the
 *          environment during a lookup (see docs/design/symbols.md).
 * Source   DWARF Debugging Information Format, version 5, sections 2.17, 3.3 and 6.2.
 */
#ifndef CCI_SYMBOLS_SYMBOLIZER_H
#define CCI_SYMBOLS_SYMBOLIZER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ccmem/api.h>

typedef struct cci_symbolizer cci_symbolizer_t;

/* All zero is a good default. The strings are copied; warn is kept. */
typedef struct cci_symbolizer_options {
    /* Ask the servers of $DEBUGINFOD_URLS for what is not here. Off: no network, ever. */
    bool debuginfod;
    /* Absolute folders with separate debug files, separated by ':'. NULL = /usr/lib/debug below
     * sysroot. */
    const char *debug_dirs;
    /* Prefix of every module's path, for traces from a container or another host. NULL = none. */
    const char *sysroot;
    /* Called at most once a module, during a lookup, when its file is not the recorded one. */
    void (*warn)(void *context, const char *path, const char *why);
    void *warn_context;
} cci_symbolizer_options_t;

/* What the trace knows of a module. build_id_len 0 = no build-id was recorded, any file at path
 * is believed. No path, "[vdso]" and the like, and "... (deleted)" are modules without symbols
 * unless a debug file has their build-id. */
typedef struct cci_symbol_module {
    const char    *path;
    const uint8_t *build_id;
    size_t         build_id_len;
} cci_symbol_module_t;

/* One function, possibly inlined. function and file are NULL when not known. */
typedef struct cci_symbol_frame {
    const char *function; /* demangled */
    const char *file;
    unsigned    line;
    bool        inlined; /* into the next frame; false for the last frame only */
} cci_symbol_frame_t;

/* Innermost first. count 0: nothing is known, print the module and the address. */
typedef struct cci_symbol_frames {
    const cci_symbol_frame_t *frame;
    size_t                    count;
} cci_symbol_frames_t;

/* Make a symbolizer; options NULL = the default. NULL: out of memory. O(1). */
CC_NODISCARD cci_symbolizer_t *cci_symbolizer_create(const cci_symbolizer_options_t *options);

/* Release it, its frames and their strings. NULL is fine. */
void cci_symbolizer_destroy(cci_symbolizer_t *s);

/* Make module known and store its index, the same one for the same path and build-id. Opens
 * nothing: that is done by the first lookup. O(modules). */
CC_NODISCARD bool cci_symbolizer_add_module(cci_symbolizer_t *s, const cci_symbol_module_t *module,
                                            uint32_t *index);

/* The functions at vaddr of a module, valid until destroy, the strings too; equal strings are
 * one pointer. is_return_address: vaddr stands after a call, so the call itself is looked up
 * (which may be another line, or another function when it does not return). Repeated addresses
 * are O(1); others O(log functions), after the first touch of a module (reads its symbols) or of
 * a compilation unit (reads its debug information). */
CC_NODISCARD bool cci_symbolizer_lookup(cci_symbolizer_t *s, uint32_t module, uint64_t vaddr,
                                        bool is_return_address, cci_symbol_frames_t *out);

#endif
