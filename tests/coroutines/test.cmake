# include/rpccoro.h: example.cpp is the example, main.cpp runs it and every way of being told. The server is the conformance
# program's fixture.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
include(${CMAKE_SOURCE_DIR}/cmake/async_stubs.cmake)
rpc_async_stubs(coroutines ${CMAKE_CURRENT_LIST_DIR}/desk_calls.idl ${CMAKE_CURRENT_LIST_DIR}/desk_calls.acf CLIENT)
set(conformance ${CMAKE_SOURCE_DIR}/tests/conformance)
foreach(part srv srv_managers srv_pipes srv_stubs)
    target_sources(coroutines PRIVATE ${conformance}/${part}.cpp)
endforeach()
target_include_directories(coroutines PRIVATE ${conformance})
target_link_libraries(coroutines PRIVATE test_support)
wine_test(coroutines COMMAND coroutines)
