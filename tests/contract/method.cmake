# Every way to deliver, against the sandbox as peer.
if(TARGET scanpost-sandbox)
    sp_test(method_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/method_test.c
        USES backend_delivery backend_net backend_mail base PkgConfig::JANSSON Threads::Threads)
    target_compile_definitions(method_test PRIVATE SANDBOX="$<TARGET_FILE:scanpost-sandbox>")
    set_tests_properties(method_test PROPERTIES TIMEOUT 300) # a sandbox for each of fifty tests
    add_dependencies(method_test scanpost-sandbox)
endif()
