include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(callbacks PRIVATE test_support)
wine_test(callbacks COMMAND callbacks)
