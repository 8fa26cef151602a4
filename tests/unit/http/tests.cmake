set(here ${CMAKE_CURRENT_LIST_DIR})
sp_test(http_crowd_test SOURCES ${here}/crowd_test.c USES web_http)
sp_test(http_multipart_test SOURCES ${here}/multipart_test.c USES web_http base)
sp_test(http_router_test SOURCES ${here}/router_test.c USES web_http db base)
sp_test(http_server_test SOURCES ${here}/server_test.c ${here}/client.c USES web_http db base)
set(house ${here}/house.c ${here}/../gateway/world.c ${here}/../gateway/samples.c)
sp_test(http_scans_test SOURCES ${here}/scans_test.c ${here}/client.c ${house}
    USES web_api web_auth web_http gateway db base)
