# find_tool(VAR program package): the program's path in VAR, or a configure error that names the Debian package.
function(find_tool var program package)
    find_program(${var} ${program} ${ARGN})
    if(NOT ${var})
        message(FATAL_ERROR "${program} is missing: install the Debian package ${package}, or run tools/setup")
    endif()
endfunction()

# The distribution's own interpreter first: a shim of a version manager costs tenths of a second per start.
macro(find_python)
    find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH)
    find_tool(PYTHON3 python3 python3)
endmacro()
