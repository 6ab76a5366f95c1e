/* SPDX-License-Identifier: MIT */
/* prim/module.h - which loaded file an address of code belongs to.
 *
 * Safe inside malloc and in a signal handler where the C library has _dl_find_object (glibc 2.35);
 * elsewhere dl_iterate_phdr is used, which takes the loader's lock.
 */
#ifndef CCI_PRIM_MODULE_H
#define CCI_PRIM_MODULE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything points into the loaded module and lives as long as it does. */
typedef struct cci_module {
    uintptr_t      start, end;   /* of its mapping                                    */
    uintptr_t      bias;         /* address in memory - address in the file's symbols */
    const uint8_t *eh_frame_hdr; /* the index of its unwind tables, or NULL           */
    const char    *path;         /* "" is the program itself                          */
    const uint8_t *build_id;     /* NULL when the file has none                       */
    size_t         build_id_len;
} cci_module_t;

/* False when pc is in no loaded file: generated code, or a wild address. Leaves build_id out. */
bool cci_module_find(uintptr_t pc, cci_module_t *out);

/* Fill in the build-id of a module that was found. O(program headers). */
void cci_module_read_build_id(cci_module_t *module);

#endif
