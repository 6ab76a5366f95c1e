# SPDX-License-Identifier: MIT
# The page of the dashboard, made of web/ where Node.js and its packages are, or given ready; it is
# embedded into the layer report. Without it all else is built, and ccmem says what is missing.
set(CCMEM_DASHBOARD "" CACHE FILEPATH "A ready dashboard.html to embed; empty: make it of web/")

set(web ${PROJECT_SOURCE_DIR}/web)
set(dashboard "${CCMEM_DASHBOARD}")
find_program(NODE_EXECUTABLE node)

if(dashboard)
    if(NOT EXISTS "${dashboard}")
        message(FATAL_ERROR "CCMEM_DASHBOARD: there is no ${dashboard}")
    endif()
elseif(NODE_EXECUTABLE AND EXISTS ${web}/build.mjs AND EXISTS ${web}/node_modules/esbuild)
    set(dashboard ${PROJECT_BINARY_DIR}/web/dashboard.html)
    file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web}/src/*)
    add_custom_command(OUTPUT ${dashboard}
        COMMAND ${NODE_EXECUTABLE} ${web}/build.mjs ${dashboard}
        DEPENDS ${web_sources} ${web}/build.mjs ${web}/package-lock.json
        COMMENT "Making the dashboard" VERBATIM)
    add_custom_target(dashboard DEPENDS ${dashboard})
    add_dependencies(cci_report dashboard)
endif()

if(dashboard)
    get_filename_component(dashboard "${dashboard}" ABSOLUTE)
    set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/report/html_page.c APPEND PROPERTY
        COMPILE_DEFINITIONS "CCMEM_DASHBOARD_FILE=\"${dashboard}\"")
    set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/report/html_page.c APPEND PROPERTY
        OBJECT_DEPENDS "${dashboard}")
else()
    message(STATUS "No dashboard: it needs Node.js and `npm ci --prefix web`, or -DCCMEM_DASHBOARD")
endif()
