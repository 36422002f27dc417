include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(hand_stubs PRIVATE test_support)
wine_test(hand_stubs COMMAND hand_stubs)
