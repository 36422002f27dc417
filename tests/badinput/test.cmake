# Garbage handles, states and strings, and managers that misbehave. The cases use the conformance program's runner and
# its server.
include(${CMAKE_SOURCE_DIR}/tests/support/support.cmake)
set(conformance ${CMAKE_SOURCE_DIR}/tests/conformance)
foreach(part case child main roles runner srv srv_managers srv_pipes srv_stubs verdicts)
    target_sources(badinput PRIVATE ${conformance}/${part}.cpp)
endforeach()
target_include_directories(badinput PRIVATE ${conformance})
target_link_libraries(badinput PRIVATE test_support)
wine_test(badinput TIMEOUT 600 COMMAND badinput)
