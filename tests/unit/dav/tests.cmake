set(here ${CMAKE_CURRENT_LIST_DIR})
sp_test(dav_xml_test SOURCES ${here}/xml_test.c USES web_dav base)
sp_test(dav_if_test SOURCES ${here}/if_test.c USES web_dav base)
sp_test(dav_text_test SOURCES ${here}/text_test.c USES web_dav web_api db base)
set(http_house ${here}/../http/house.c ${here}/../gateway/world.c ${here}/../gateway/samples.c)
sp_test(dav_times_test SOURCES ${here}/times_test.c ${http_house}
    USES web_dav web_api web_auth web_http gateway db base)
