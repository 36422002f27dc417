# desk_program(NAME source...): a program with the desk's stubs of both kinds and sides.
include_guard(GLOBAL)
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
include(${CMAKE_SOURCE_DIR}/cmake/async_stubs.cmake)

set(DESK_DIR ${CMAKE_CURRENT_LIST_DIR})
foreach(kind async sync)
    add_library(desk_${kind} OBJECT)
    set(client begin_)
    if(kind STREQUAL "sync")
        set(client call_)
    endif()
    rpc_async_stubs(desk_${kind} ${DESK_DIR}/desk_stubs.idl ${DESK_DIR}/desk_${kind}.acf
        WIDL_OPTIONS --prefix-client=${client} --prefix-server=${kind}_)
endforeach()

function(desk_program name)
    pe_program(${name} ${ARGN} ${DESK_DIR}/programs/desk.cpp ${DESK_DIR}/programs/managers.cpp)
    target_include_directories(${name} PRIVATE ${DESK_DIR}/programs ${CMAKE_CURRENT_BINARY_DIR}/async_stubs)
    target_link_libraries(${name} PRIVATE test_support desk_async desk_sync)
endfunction()
