# What the wire room builds, read by tshark. Skipped where there is none.
add_executable(wire_conversation ${CMAKE_CURRENT_LIST_DIR}/host/conversation.cpp)
target_link_libraries(wire_conversation PRIVATE core)
add_test(NAME host.wire_lint COMMAND ${PYTHON3} ${CMAKE_CURRENT_LIST_DIR}/lint.py $<TARGET_FILE:wire_conversation>)
set_tests_properties(host.wire_lint PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77)
