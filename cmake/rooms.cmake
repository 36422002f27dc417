# A room is a directory of dlls/rpcrt4; a file's name says where it is built:
#   *_test.cpp  GoogleTest, host       *_fuzz.cpp  libFuzzer, host
#   *_win.cpp   Windows only           *_host.cpp  host only        everything else: both
# The room abi is Windows only. Assembly: ROOM/arch/{x64,x86}.S.
include(${CMAKE_CURRENT_LIST_DIR}/programs.cmake)
find_python()

# room_sources(ROOM OUT): what of the room belongs in the product of this inner build.
function(room_sources room out)
    if(room STREQUAL "abi" AND RPCRT4_BUILD STREQUAL "host")
        set(${out} "" PARENT_SCOPE)
        return()
    endif()
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${DLL_DIR}/${room}/*.cpp)
    if(RPCRT4_BUILD STREQUAL "host")
        list(FILTER found EXCLUDE REGEX "_(test|fuzz|win)\\.cpp$")
    else()
        list(FILTER found EXCLUDE REGEX "_(test|fuzz|host)\\.cpp$")
    endif()
    set(${out} ${found} PARENT_SCOPE)
endfunction()

# room_files(ROOM SUFFIX OUT): the room's files named *_SUFFIX.cpp.
function(room_files room suffix out)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${DLL_DIR}/${room}/*_${suffix}.cpp)
    set(${out} ${found} PARENT_SCOPE)
endfunction()

# Folders of tests/ may register more than the convention gives them: tests/NAME/host.cmake is read by the host build,
# tests/NAME/test.cmake by x64 and x86.
function(include_test_files name)
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/${name})
    foreach(file ${files})
        include(${file})
    endforeach()
endfunction()
