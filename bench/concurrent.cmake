# SPDX-License-Identifier: MIT
# Programs of the groups smr, map and queue, made as those of heap and region are.

# What is of crossbeam is one library, which cargo keeps up to date.
set(crossbeam ${CMAKE_CURRENT_SOURCE_DIR}/crossbeam)
set(crossbeam_folder ${CMAKE_CURRENT_BINARY_DIR}/crossbeam)
set(crossbeam_library ${crossbeam_folder}/release/libcrossbeam_peers.a)
add_custom_target(crossbeam_crate
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${crossbeam} ${crossbeam_folder}/source
    COMMAND cargo build --quiet --release --target-dir ${crossbeam_folder}
            --manifest-path ${crossbeam_folder}/source/Cargo.toml
    BYPRODUCTS ${crossbeam_library}
    VERBATIM)
add_library(crossbeam_peers INTERFACE)
add_dependencies(crossbeam_peers crossbeam_crate)
target_link_libraries(crossbeam_peers INTERFACE ${crossbeam_library} gcc_s ${CMAKE_DL_LIBS} m)

# The same over mimalloc, which cc_alloc stands on: its malloc comes before that of libc. The library
# must stay although nothing names it.
add_library(over_mimalloc INTERFACE)
target_link_libraries(over_mimalloc INTERFACE -Wl,--push-state,--no-as-needed mimalloc -Wl,--pop-state)

# java_contestant(GROUP CLASS): GROUP/CLASS.java, as the program GROUP-java.
function(java_contestant group class)
    set(classes ${CMAKE_CURRENT_BINARY_DIR}/${group}/classes)
    set(program ${CMAKE_CURRENT_BINARY_DIR}/${group}/${group}-java)
    add_custom_target(${group}_java
        COMMAND javac -d ${classes} ${CMAKE_CURRENT_SOURCE_DIR}/${group}/${class}.java
        VERBATIM)
    file(CONFIGURE OUTPUT ${program} CONTENT [[#!/bin/sh
exec java -Xmx2g -cp @classes@ @class@ "$@"
]] @ONLY)
    file(CHMOD ${program} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()

# --- smr

set(schemes read retire stalled)
contestant(smr bare "read;retire" LIBRARIES libccmem)
contestant(smr ibr "${schemes}" LIBRARIES libccmem)
contestant(smr ebr "${schemes}" LIBRARIES libccmem)
contestant(smr ck "${schemes}" LIBRARIES libccmem ck)
contestant(smr memb "${schemes}" LIBRARIES libccmem urcu-memb urcu-common)
contestant(smr memb-defer retire LIBRARIES libccmem urcu-memb urcu-common)
contestant(smr crossbeam "${schemes}" LIBRARIES crossbeam_peers libccmem)
contestant(smr crossbeam-mimalloc retire MACRO crossbeam
    LIBRARIES over_mimalloc crossbeam_peers libccmem)

# --- map

# map_contestant(NAME MAP ...): with numbers as keys; and NAME-keys, with keys that are compared.
function(map_contestant name map)
    contestant(map ${name} map MACRO ${map} ${ARGN})
    contestant(map ${name}-keys map MACRO ${map} FLAGS -DKEYS ${ARGN})
endfunction()

# The soak notes histories and checks them as the tests do.
file(GLOB history CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/history*.c)
add_library(bench_history STATIC EXCLUDE_FROM_ALL ${history})
set_target_properties(bench_history PROPERTIES
    ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
target_include_directories(bench_history PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_include_directories(bench_history PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(bench_history PRIVATE -O2)
target_link_libraries(bench_history PRIVATE ccmem_flags)

# map_soak(MAP): soak-MAP.
function(map_soak map)
    add_executable(map_soak-${map} EXCLUDE_FROM_ALL map/soak.c)
    set_target_properties(map_soak-${map} PROPERTIES
        OUTPUT_NAME soak-${map} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/map)
    target_compile_definitions(map_soak-${map} PRIVATE CONTESTANT_${map})
    target_include_directories(map_soak-${map} PRIVATE micro)
    target_compile_options(map_soak-${map} PRIVATE -O2)
    target_link_libraries(map_soak-${map} PRIVATE
        libccmem ccmem_flags bench_history Threads::Threads)
endfunction()

map_soak(skipmap)
map_soak(bst)
map_contestant(skipmap skipmap LIBRARIES libccmem)
map_contestant(bst bst LIBRARIES libccmem)
map_contestant(crossbeam crossbeam LIBRARIES crossbeam_peers)
map_contestant(crossbeam-mimalloc crossbeam LIBRARIES over_mimalloc crossbeam_peers)
map_contestant(std std LANGUAGE CXX)
map_contestant(std-mimalloc std LANGUAGE CXX LIBRARIES over_mimalloc)
contestant(map tbb map LANGUAGE CXX LIBRARIES tbb)
java_contestant(map Maps)

# --- queue

contestant(queue lfqueue queue LIBRARIES libccmem)
contestant(queue bounded queue LIBRARIES libccmem)
contestant(queue ms queue LIBRARIES libccmem)
contestant(queue rculfqueue queue LIBRARIES libccmem urcu-cds urcu-qsbr urcu-common)
contestant(queue seg queue LIBRARIES crossbeam_peers)
contestant(queue seg-mimalloc queue MACRO seg LIBRARIES over_mimalloc crossbeam_peers)
contestant(queue array queue LIBRARIES crossbeam_peers)
contestant(queue boost queue LANGUAGE CXX)
contestant(queue tbb queue LANGUAGE CXX LIBRARIES tbb)
contestant(queue deque queue LANGUAGE CXX)
java_contestant(queue Queues)
