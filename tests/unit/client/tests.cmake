sp_test(client_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/client_test.c USES gateway_client base Threads::Threads)
