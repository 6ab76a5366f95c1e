# SPDX-License-Identifier: MIT
# The artefacts: the library, the one that makes reports for it, the two that are preloaded and the
# command line.

# Layers whose CC_API functions are the public library, and those that these call: the shared
# library takes of them what it needs, the static one has to bring them along.
set(public_layers base backend heap region smr lockfree profile/profiler)
set(private_layers prim record trace profile)

# The objects of layers; one may have none yet.
function(ccmem_objects out)
    foreach(layer IN LISTS ARGN)
        ccmem_layer_target(target ${layer})
        get_target_property(type ${target} TYPE)
        if(NOT type STREQUAL INTERFACE_LIBRARY)
            list(APPEND objects $<TARGET_OBJECTS:${target}>)
        endif()
    endforeach()
    set(${out} ${objects} PARENT_SCOPE)
endfunction()

ccmem_objects(public_objects ${public_layers})
ccmem_objects(private_objects ${private_layers})
list(TRANSFORM private_layers PREPEND cci_ OUTPUT_VARIABLE private_libraries)

set(symbol_map ${PROJECT_SOURCE_DIR}/cmake/libccmem.map)
add_library(libccmem SHARED ${public_objects})
set_target_properties(libccmem PROPERTIES
    OUTPUT_NAME ccmem EXPORT_NAME ccmem LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${symbol_map})
target_link_libraries(libccmem PRIVATE ${private_libraries} ${CMAKE_DL_LIBS})
# nodelete: threads go through its destructor when they exit, whatever was unloaded before.
target_link_options(libccmem PRIVATE
    -Wl,--version-script=${symbol_map} -Wl,--no-undefined -Wl,--as-needed -Wl,-z,nodelete)

add_library(libccmem_static STATIC ${public_objects} ${private_objects})
set_target_properties(libccmem_static PROPERTIES
    OUTPUT_NAME ccmem EXPORT_NAME ccmem_static LINKER_LANGUAGE C)

foreach(library libccmem libccmem_static)
    target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:ccmem_flags>)
    target_include_directories(${library} INTERFACE
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

# What turns the profiler's figures into documents, which libccmem opens when it is asked for one: it
# links libdw, and exports its table alone.
set(report_map ${PROJECT_SOURCE_DIR}/cmake/libccmem_report.map)
add_library(ccmem_report MODULE $<TARGET_OBJECTS:cci_plugin>)
set_target_properties(ccmem_report PROPERTIES
    PREFIX lib LINKER_LANGUAGE C LINK_DEPENDS ${report_map})
target_link_libraries(ccmem_report PRIVATE ccmem_flags cci_watch)
# nodelete: it has threads, and is called when the process forks.
target_link_options(ccmem_report PRIVATE
    -Wl,--version-script=${report_map} -Wl,--no-undefined -Wl,--as-needed
    -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,-z,noexecstack)

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
