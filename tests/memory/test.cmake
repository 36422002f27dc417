# The RpcSs and RpcSm memory package: its exports, and what the server's interpreter makes of it.
include(${CMAKE_CURRENT_LIST_DIR}/../support/support.cmake)
target_link_libraries(memory PRIVATE test_support)
wine_test(memory COMMAND memory)
