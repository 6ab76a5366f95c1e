# SPDX-License-Identifier: MIT
# The artefacts: the library, the two that are preloaded and the command line.

# Layers whose CC_API functions are the public library, and a layer that those call: the shared
# library takes of it what it needs, the static one has to bring it along.
set(public_layers base backend heap region)
set(private_layer prim)

foreach(layer IN LISTS public_layers)
    get_target_property(type cci_${layer} TYPE)
    if(NOT type STREQUAL INTERFACE_LIBRARY)
        list(APPEND public_objects $<TARGET_OBJECTS:cci_${layer}>)
    endif()
endforeach()

set(symbol_map ${PROJECT_SOURCE_DIR}/cmake/libccmem.map)
add_library(libccmem SHARED ${public_objects})
set_target_properties(libccmem PROPERTIES
    OUTPUT_NAME ccmem EXPORT_NAME ccmem LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${symbol_map})
target_link_libraries(libccmem PRIVATE cci_${private_layer} ${CMAKE_DL_LIBS})
# nodelete: threads go through its destructor when they exit, whatever was unloaded before.
target_link_options(libccmem PRIVATE
    -Wl,--version-script=${symbol_map} -Wl,--no-undefined -Wl,-z,nodelete)

add_library(libccmem_static STATIC ${public_objects} $<TARGET_OBJECTS:cci_${private_layer}>)
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
    # The way into the library; its file says why.
    set_source_files_properties(src/preload/entry.c PROPERTIES
        COMPILE_OPTIONS -fomit-frame-pointer)
    target_link_libraries(ccmem_preload PRIVATE ccmem_flags cci_record)
    # nodelete: its hooks stay reachable from libc whatever the program unloads.
    target_link_options(ccmem_preload PRIVATE
        -Wl,--no-undefined -Wl,--as-needed -Wl,--exclude-libs,ALL
        -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,-z,noexecstack)
endif()

# Looks, in a program that `ccmem run` starts, which allocator serves. Exports nothing.
ccmem_layer_sources(verify_sources verify "")
if(verify_sources AND NOT CCMEM_INSTRUMENTED)
    add_library(ccmem_verify MODULE ${verify_sources})
    set_target_properties(ccmem_verify PROPERTIES PREFIX lib)
    target_compile_options(ccmem_verify PRIVATE ${CCMEM_STRICT})
    target_link_libraries(ccmem_verify PRIVATE ccmem_flags cci_backend)
    target_link_options(ccmem_verify PRIVATE
        -Wl,--no-undefined -Wl,--as-needed -Wl,--exclude-libs,ALL
        -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,-z,noexecstack)
endif()

if(EXISTS ${PROJECT_SOURCE_DIR}/cli/main.c)
    add_executable(ccmem cli/main.c)
    target_link_libraries(ccmem PRIVATE ccmem_flags cci_cli)
    target_link_options(ccmem PRIVATE -Wl,--as-needed)
    foreach(library ccmem_preload ccmem_verify)
        if(TARGET ${library})
            add_dependencies(ccmem ${library})
        endif()
    endforeach()
endif()
