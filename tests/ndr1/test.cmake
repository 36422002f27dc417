# What the stubs of MIDL 1 call: exports of x86 alone.
include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(ndr1 PRIVATE test_support)
if(ARCH STREQUAL "x86")
    wine_test(ndr1 COMMAND ndr1)
endif()
