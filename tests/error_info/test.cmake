# Extended error information across processes and transports. The servers are the conformance program's fixture.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
set(conformance ${CMAKE_SOURCE_DIR}/tests/conformance)
foreach(part case child letter roles runner srv srv_managers srv_pipes srv_stubs)
    target_sources(error_info PRIVATE ${conformance}/${part}.cpp)
endforeach()
target_include_directories(error_info PRIVATE ${conformance})
target_link_libraries(error_info PRIVATE test_support)
wine_test(error_info COMMAND error_info)
