include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(ndr_pe PRIVATE test_support)
wine_test(ndr_pe COMMAND ndr_pe list)
