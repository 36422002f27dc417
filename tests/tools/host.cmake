# What the tools say when they cannot do their work.
foreach(case no_root no_network interrupted)
    add_test(NAME host.tools.${case} COMMAND ${CMAKE_CURRENT_LIST_DIR}/refusals ${case} ${CMAKE_SOURCE_DIR}/tools)
    set_tests_properties(host.tools.${case} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
endforeach()
# tools/install, uninstall and status without a Wine: refusals, what others change meanwhile, and a kill at every step.
add_test(NAME host.tools.install COMMAND ${PYTHON3} ${CMAKE_CURRENT_LIST_DIR}/install-unit ${CMAKE_SOURCE_DIR}/tools)
set_tests_properties(host.tools.install PROPERTIES TIMEOUT 300)
# tools/timeline: logs in, pages out, and the pages in a browser.
add_test(NAME host.tools.timeline COMMAND ${PYTHON3} ${CMAKE_CURRENT_LIST_DIR}/timeline-test ${CMAKE_SOURCE_DIR}/tools)
set_tests_properties(host.tools.timeline PROPERTIES TIMEOUT 600)
