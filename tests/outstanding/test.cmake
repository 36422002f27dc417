# Ten thousand calls outstanding. The server is the conformance program's fixture, in a process of its own.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
set(conformance ${CMAKE_SOURCE_DIR}/tests/conformance)
foreach(part case child letter roles runner srv srv_managers srv_pipes srv_stubs)
    target_sources(outstanding PRIVATE ${conformance}/${part}.cpp)
endforeach()
target_include_directories(outstanding PRIVATE ${conformance})
target_link_libraries(outstanding PRIVATE test_support iphlpapi)
wine_test(outstanding TIMEOUT 300 COMMAND outstanding)
