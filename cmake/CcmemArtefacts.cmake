# SPDX-License-Identifier: MIT
# The three artefacts: the library, the preload library and the command line.

# Layers whose CC_API functions are the public library.
set(public_layers base)

foreach(layer IN LISTS public_layers)
    list(APPEND public_objects $<TARGET_OBJECTS:cci_${layer}>)
endforeach()

set(symbol_map ${PROJECT_SOURCE_DIR}/cmake/libccmem.map)
add_library(libccmem SHARED ${public_objects})
set_target_properties(libccmem PROPERTIES
    OUTPUT_NAME ccmem EXPORT_NAME ccmem LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${symbol_map})
target_link_options(libccmem PRIVATE -Wl,--version-script=${symbol_map} -Wl,--no-undefined)

add_library(libccmem_static STATIC ${public_objects})
set_target_properties(libccmem_static PROPERTIES
    OUTPUT_NAME ccmem EXPORT_NAME ccmem_static LINKER_LANGUAGE C)

foreach(library libccmem libccmem_static)
    target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:ccmem_flags>)
    target_include_directories(${library} INTERFACE
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

# The preload library: src/preload and what it needs of the layers below, no library but libc.
# It interposes malloc, so the compiler must not take the functions in it for the ones it
# knows: it would turn the body of calloc into a call of calloc. It also defines functions that
# only a newer libc declares.
ccmem_layer_sources(preload_sources preload "")
if(preload_sources AND NOT CCMEM_INSTRUMENTED)
    add_library(ccmem_preload MODULE ${preload_sources})
    set_target_properties(ccmem_preload PROPERTIES PREFIX lib)
    target_compile_options(ccmem_preload PRIVATE
        ${CCMEM_STRICT} -Wno-missing-prototypes -O2 -ftls-model=initial-exec
        -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
        -fno-builtin-aligned_alloc -fno-builtin-memalign -fno-builtin-posix_memalign
        -fno-builtin-strdup -fno-builtin-strndup)
    target_link_libraries(ccmem_preload PRIVATE ccmem_flags cci_record)
    # nodelete: its hooks stay reachable from libc whatever the program unloads.
    target_link_options(ccmem_preload PRIVATE
        -Wl,--no-undefined -Wl,--as-needed -Wl,--exclude-libs,ALL
        -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,-z,noexecstack)
endif()

if(EXISTS ${PROJECT_SOURCE_DIR}/cli/main.c)
    add_executable(ccmem cli/main.c)
    target_link_libraries(ccmem PRIVATE ccmem_flags cci_cli)
    target_link_options(ccmem PRIVATE -Wl,--as-needed)
    if(TARGET ccmem_preload)
        add_dependencies(ccmem ccmem_preload)
    endif()
endif()
