# SPDX-License-Identifier: MIT
# Compiler flags as one target, ccmem_flags, that everything of ours links and nothing exports.
# They are no global flags because tests/programs must be what a user's compiler makes.
add_library(ccmem_flags INTERFACE)

target_include_directories(ccmem_flags INTERFACE ${PROJECT_SOURCE_DIR}/include
                                                 ${PROJECT_SOURCE_DIR}/src)
target_compile_options(ccmem_flags INTERFACE
    -Wall -Wextra -Wshadow -Wundef -Wvla -Wformat=2 -Wwrite-strings -Wpointer-arith
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    # Stacks of the recorder are walked by frame pointer where a caller has one.
    -fno-omit-frame-pointer
    -fvisibility=hidden
    # __FILE__ is relative: messages do not depend on where the project was built.
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
# An empty definition, so that a file may say #define _GNU_SOURCE itself. C++ has it anyway.
target_compile_definitions(ccmem_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE=>)

# The command line looks for the preload library in ../CCMEM_LIBDIR from its own folder when it
# is installed, in ../lib when it is not.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    message(FATAL_ERROR "CMAKE_INSTALL_LIBDIR must be relative to the prefix")
endif()
target_compile_definitions(ccmem_flags INTERFACE
    CCMEM_LIBDIR="${CMAKE_INSTALL_LIBDIR}" CCMEM_BUILD_TYPE="${CMAKE_BUILD_TYPE}")

# For what is shipped; tests may be laxer.
set(CCMEM_STRICT -Wmissing-prototypes -Wconversion -Wno-sign-conversion)

if(CCMEM_WERROR)
    target_compile_options(ccmem_flags INTERFACE -Werror)
endif()

if(CCMEM_COVERAGE)
    target_compile_options(ccmem_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(ccmem_flags INTERFACE --coverage)
endif()

set(sanitizers ${CCMEM_SANITIZE})
if(CCMEM_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
        message(FATAL_ERROR "CCMEM_FUZZ needs clang: cmake --preset fuzz")
    endif()
    list(APPEND sanitizers fuzzer-no-link)
endif()
if(sanitizers)
    list(JOIN sanitizers "," sanitizers)
    # The checks that a sanitizer inserts make gcc see uninitialised values where none are.
    target_compile_options(ccmem_flags INTERFACE
        -fsanitize=${sanitizers} -fno-sanitize-recover=all
        $<$<COMPILE_LANG_AND_ID:C,GNU>:-Wno-maybe-uninitialized>)
    target_link_options(ccmem_flags INTERFACE -fsanitize=${sanitizers})
endif()

# On where the code carries a run-time of the compiler, which must not be preloaded.
set(CCMEM_INSTRUMENTED OFF)
if(sanitizers OR CCMEM_COVERAGE)
    set(CCMEM_INSTRUMENTED ON)
endif()
