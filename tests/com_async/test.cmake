# COM's asynchronous calls: both halves in one process, on a channel of the test's own. widl describes [async_uuid] interpreted only.
find_tool(RPCRT4_WIDL ${triple}-widl mingw-w64-tools)
set(async_out ${CMAKE_BINARY_DIR}/widl/com_async)
set(root_dir ${CMAKE_SOURCE_DIR}/tests/com_proxy/idl)
set(slow_dir ${CMAKE_CURRENT_LIST_DIR}/idl)
file(MAKE_DIRECTORY ${async_out})
add_custom_command(OUTPUT ${async_out}/com_root.h
    COMMAND ${RPCRT4_WIDL} -h -o com_root.h ${root_dir}/com_root.idl
    WORKING_DIRECTORY ${async_out} DEPENDS ${root_dir}/com_root.idl VERBATIM)
add_custom_command(OUTPUT ${async_out}/slow.h ${async_out}/slow_p.c
    COMMAND ${RPCRT4_WIDL} -h -p -o slow.c -Oicf -I ${root_dir} ${slow_dir}/slow.idl
    WORKING_DIRECTORY ${async_out} DEPENDS ${slow_dir}/slow.idl ${root_dir}/com_root.idl VERBATIM)
set(async_made ${async_out}/slow_p.c ${async_out}/slow.h ${async_out}/com_root.h)
set_source_files_properties(${async_made} PROPERTIES LANGUAGE C INCLUDE_DIRECTORIES ${async_out} COMPILE_OPTIONS
    "-std=gnu11;-w;-include;rpctry.h;-DNdrOleAllocate=test_allocate;-DNdrOleFree=test_free")
file(GLOB async_programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/programs/*.cpp)
pe_program(com_async ${async_programs} ${CMAKE_SOURCE_DIR}/tests/com_proxy/programs/counted_memory.cpp ${async_made})
target_include_directories(com_async PRIVATE ${async_out})
wine_test(com_async COMMAND com_async)
