# SPDX-License-Identifier: Apache-2.0
# Compiler launcher, linker, sanitizers and warnings, in one interface target, and sangam_module().
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    # Precompiled headers need the two sloppiness settings, or ccache never hits.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)

# In batches of files a local would shadow the helpers of the files before it: dev warns of shadows.
set(sangam_shadow -Wshadow)
if(CMAKE_UNITY_BUILD)
    set(sangam_shadow "")
endif()

add_library(sangam_options INTERFACE)
target_include_directories(sangam_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(sangam_options INTERFACE -Wall -Wextra -Wpedantic ${sangam_shadow}
    -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers -Werror
    -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(sangam_options INTERFACE -Xclang -fno-pch-timestamp)
endif()
if(MOLD_PROGRAM)
    target_link_options(sangam_options INTERFACE -fuse-ld=mold)
endif()
if(SANGAM_SANITIZE)
    target_compile_options(sangam_options INTERFACE -fsanitize=${SANGAM_SANITIZE}
        -fno-sanitize-recover=all)
    target_link_options(sangam_options INTERFACE -fsanitize=${SANGAM_SANITIZE})
endif()
if(SANGAM_FUZZ)
    target_compile_options(sangam_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# sangam_module(NAME LINKS ...): the static library sangam_NAME of all sources below NAME/.
# node/main.cpp is the executable's and stays out.
function(sangam_module name)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.cpp")
    list(REMOVE_ITEM sources "${PROJECT_SOURCE_DIR}/node/main.cpp")
    if(NOT sources)  # headers only
        add_library(sangam_${name} INTERFACE)
        target_link_libraries(sangam_${name} INTERFACE sangam_options ${ARG_LINKS})
        return()
    endif()
    add_library(sangam_${name} STATIC ${sources})
    target_link_libraries(sangam_${name} PUBLIC sangam_options ${ARG_LINKS})
    file(GLOB_RECURSE schemas CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${name}/*.sql")
    set_property(TARGET sangam_${name} APPEND PROPERTY SOURCES ${schemas})
endfunction()
