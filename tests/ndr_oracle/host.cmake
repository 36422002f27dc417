# Raw stub data of our NDR engine read and written by impacket, and big-endian data that scapy writes. Skipped without them.
add_executable(ndr_samples ${CMAKE_CURRENT_LIST_DIR}/host/samples.cpp)
target_link_libraries(ndr_samples PRIVATE core)
foreach(peer impacket scapy)
    add_test(NAME host.ndr_oracle.${peer} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/${peer}_oracle.py $<TARGET_FILE:ndr_samples>)
    set_tests_properties(host.ndr_oracle.${peer} PROPERTIES TIMEOUT 120 SKIP_RETURN_CODE 77)
endforeach()
