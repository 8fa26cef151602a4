# Python is the client here: a peer that shares no code with scanpost.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND AND TARGET scanpost-sandbox)
    add_test(NAME sandbox_test COMMAND ${Python3_EXECUTABLE} -B
        ${CMAKE_CURRENT_LIST_DIR}/sandbox_test.py $<TARGET_FILE:scanpost-sandbox>)
    set_tests_properties(sandbox_test PROPERTIES TIMEOUT 300)
endif()
