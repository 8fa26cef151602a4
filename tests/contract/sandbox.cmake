# Python is the client here: a peer that shares no code with scanpost.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND AND TARGET scanpost-sandbox)
    foreach(name sandbox_test sandbox_https_test sandbox_tenant_test)
        add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B
            ${CMAKE_CURRENT_LIST_DIR}/${name}.py $<TARGET_FILE:scanpost-sandbox>)
        set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    endforeach()
endif()
