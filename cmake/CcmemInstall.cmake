# SPDX-License-Identifier: MIT
# What is installed: program, libraries, headers, pkg-config, CMake package, manuals, completion, and
# what a fleet's monitoring needs.
include(CMakePackageConfigHelpers)

# What a program needs besides, when it links the archive; ccmem.pc says it as Libs.private.
target_link_libraries(libccmem_static INTERFACE m pthread ${CMAKE_DL_LIBS})

install(TARGETS libccmem libccmem_static EXPORT ccmem-targets)
install(EXPORT ccmem-targets NAMESPACE ccmem:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ccmem)
if(TARGET ccmem)
    install(TARGETS ccmem)
endif()
# Found beside the library, wherever the tree is.
foreach(library ccmem_report ccmem_preload ccmem_verify)
    if(TARGET ${library})
        install(TARGETS ${library} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    endif()
endforeach()
install(DIRECTORY include/ccmem DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)

configure_package_config_file(cmake/ccmem-config.cmake.in ccmem-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ccmem)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(ccmem-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ccmem-config.cmake
              ${PROJECT_BINARY_DIR}/ccmem-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/ccmem)

# The prefix is found from the place of the file, so that an installed tree can be moved.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/ccmem.pc.in ccmem.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ccmem.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB manuals CONFIGURE_DEPENDS docs/man/*.1)
install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES completions/ccmem.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ccmem)
install(DIRECTORY deploy/ DESTINATION ${CMAKE_INSTALL_DATADIR}/ccmem PATTERN README.md EXCLUDE)
