# Server notifications of every type. The clients are the conformance program's fixture, here and in a process of their own.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
set(conformance ${CMAKE_SOURCE_DIR}/tests/conformance)
foreach(part case child letter roles runner srv srv_managers srv_pipes srv_stubs)
    target_sources(server_notify PRIVATE ${conformance}/${part}.cpp)
endforeach()
target_include_directories(server_notify PRIVATE ${conformance})
target_link_libraries(server_notify PRIVATE test_support)
wine_test(server_notify COMMAND server_notify)
