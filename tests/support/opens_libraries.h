/* SPDX-License-Identifier: MIT */
/* opens_libraries.h - what sanitizers must be told in a test that opens allocator libraries: they do
 * not see what such a library keeps in its own memory, nor the lock of the loader. Include it in one
 * source of the test. */
#ifndef TEST_OPENS_LIBRARIES_H
#define TEST_OPENS_LIBRARIES_H

#define TELL_SANITIZER(name, text)                                 \
    __attribute__((visibility("default"))) const char *name(void); \
    const char                                        *name(void)  \
    {                                                              \
        return text;                                               \
    }

TELL_SANITIZER(__lsan_default_options, "print_suppressions=0")
TELL_SANITIZER(__lsan_default_suppressions,
               "leak:libtcmalloc\nleak:libjemalloc\nleak:libmimalloc\n")
TELL_SANITIZER(__tsan_default_suppressions, "race:_dl_new_object\nrace:libjemalloc\n")

#endif
