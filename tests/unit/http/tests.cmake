set(here ${CMAKE_CURRENT_LIST_DIR})
sp_test(http_server_test SOURCES ${here}/server_test.c ${here}/client.c USES web_http db base)
