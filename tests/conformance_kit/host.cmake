# What the workflow for Windows runners says can be read and has its steps.
add_test(NAME host.conformance_kit.workflow COMMAND ${PYTHON3} ${CMAKE_CURRENT_LIST_DIR}/check_workflow
    ${CMAKE_SOURCE_DIR}/.github/workflows/windows-conformance.yml)
set_tests_properties(host.conformance_kit.workflow PROPERTIES SKIP_RETURN_CODE 77)
