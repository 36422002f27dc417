# What black-box programs share: guarded calls, format strings, client stubs, threads. include() it from a test.cmake
# and link test_support.
include_guard(DIRECTORY)
file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/src/*.cpp)
add_library(test_support STATIC ${support_sources})
target_include_directories(test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests)
