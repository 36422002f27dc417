# tools/async-stubs by itself: golden files, refusals, and the two ways in which widl describes a procedure.
foreach(what golden errors inline)
    add_test(NAME host.async_stubs.${what} COMMAND ${PYTHON3} ${CMAKE_CURRENT_LIST_DIR}/check.py ${what})
    set_tests_properties(host.async_stubs.${what} PROPERTIES TIMEOUT 300)
endforeach()
