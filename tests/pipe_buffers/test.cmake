include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(pipe_buffers PRIVATE test_support)
wine_test(pipe_buffers COMMAND pipe_buffers)
