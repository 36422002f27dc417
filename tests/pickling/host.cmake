# Our pickles read by impacket, and impacket's read by us. Skipped where there is no impacket.
add_executable(pickles ${CMAKE_CURRENT_LIST_DIR}/host/pickles.cpp)
target_link_libraries(pickles PRIVATE core)
add_test(NAME host.pickles COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/oracle.py $<TARGET_FILE:pickles>)
set_tests_properties(host.pickles PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77)
