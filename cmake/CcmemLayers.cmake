# SPDX-License-Identifier: MIT
# One static library a layer of layers.txt, cci_NAME, linked as the table says. Static, so that
# an artefact gets the objects which it needs and no others: the preload library takes the
# encoder out of cci_trace and leaves the reader.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/layers.txt)

# Layers that run inside the program that is looked at, below src/preload or as libccmem.
set(CCMEM_IN_PROCESS base prim backend heap region smr lockfree trace record profile profile/profiler)

# Libraries of others that a layer calls. The preload library links those of its layers as
# needed, which must come out as not at all: scripts/check-preload.py.
include(FindPkgConfig)
pkg_check_modules(ELFUTILS REQUIRED IMPORTED_TARGET libdw libelf)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
find_library(IBERTY_LIBRARY libiberty.a REQUIRED)
set(libraries_of_backend ${CMAKE_DL_LIBS})
set(libraries_of_trace PkgConfig::ZSTD)
set(libraries_of_symbols PkgConfig::ELFUTILS ${IBERTY_LIBRARY})
set(libraries_of_profile m)
set(libraries_of_report PkgConfig::ZLIB)

# "record/collector" -> cci_record_collector
function(ccmem_layer_target out layer)
    string(MAKE_C_IDENTIFIER cci_${layer} target)
    set(${out} ${target} PARENT_SCOPE)
endfunction()

# The sources of a layer; for FOLDER without those of a layer FOLDER/STEM.
function(ccmem_layer_sources out layer all_layers)
    set(prefix ${PROJECT_SOURCE_DIR}/src/${layer})
    if(layer STREQUAL cli)
        set(prefix ${PROJECT_SOURCE_DIR}/cli)
    endif()
    if(layer MATCHES /)
        file(GLOB sources CONFIGURE_DEPENDS ${prefix}*.c)
    else()
        file(GLOB sources CONFIGURE_DEPENDS ${prefix}/*.c)
    endif()
    foreach(other IN LISTS all_layers)
        if(other MATCHES "^${layer}/")
            list(FILTER sources EXCLUDE REGEX "/src/${other}[^/]*$")
        endif()
    endforeach()
    set(${out} ${sources} PARENT_SCOPE)
endfunction()

# A layer without sources is an empty interface, so that others may name it.
function(ccmem_add_layer layer needs all_layers)
    ccmem_layer_target(target ${layer})
    ccmem_layer_sources(sources ${layer} "${all_layers}")
    list(FILTER sources EXCLUDE REGEX "/cli/main\\.c$")
    set(scope PUBLIC)
    if(sources)
        add_library(${target} STATIC ${sources})
        set_target_properties(${target} PROPERTIES
            ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/layers)
        target_compile_options(${target} PRIVATE ${CCMEM_STRICT})
        if(layer IN_LIST CCMEM_IN_PROCESS)
            # The general model may allocate at the first access of a thread.
            target_compile_options(${target} PRIVATE -ftls-model=initial-exec)
        endif()
        target_link_libraries(${target} PRIVATE ccmem_flags)
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    foreach(need IN LISTS needs)
        ccmem_layer_target(need_target ${need})
        target_link_libraries(${target} ${scope} ${need_target})
    endforeach()
    target_link_libraries(${target} ${scope} ${libraries_of_${layer}})
endfunction()

file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/layers.txt lines REGEX "^[a-z]")
set(layers ${lines})
list(TRANSFORM layers REPLACE ":.*" "")
foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z/]+): *(.*)$" _ "${line}")
    set(layer ${CMAKE_MATCH_1})
    string(REGEX MATCHALL "[a-z/]+" needs "${CMAKE_MATCH_2}")
    # No libraries to link: they act by being in a program. See CcmemArtefacts.
    if(NOT layer MATCHES "^(preload|verify)$")
        ccmem_add_layer(${layer} "${needs}" "${layers}")
    endif()
endforeach()
