set(here ${CMAKE_CURRENT_LIST_DIR})
sp_test(gateway_content_test SOURCES ${here}/content_test.c ${here}/samples.c USES gateway)
sp_test(gateway_route_test SOURCES ${here}/route_test.c ${here}/world.c ${here}/samples.c USES gateway db base)
sp_test(gateway_intake_test SOURCES ${here}/intake_test.c ${here}/world.c ${here}/samples.c USES gateway db base)
sp_test(gateway_intake_locked_test SOURCES ${here}/intake_locked_test.c ${here}/world.c ${here}/samples.c
    USES gateway db base)
sp_test(gateway_folders_test SOURCES ${here}/folders_test.c ${here}/world.c ${here}/samples.c USES gateway db base)
sp_test(gateway_housekeeping_test SOURCES ${here}/housekeeping_test.c ${here}/world.c ${here}/samples.c
    USES gateway db base)
sp_test(gateway_crash_test SOURCES ${here}/crash_test.c ${here}/world.c ${here}/samples.c USES gateway db base)
sp_test(gateway_pending_test SOURCES ${here}/pending_test.c USES gateway)
sp_test(gateway_news_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/news_test.c USES gateway db base PkgConfig::JANSSON)
sp_test(gateway_people_test SOURCES ${here}/people_test.c USES gateway_people base)
sp_test(gateway_recipient_test SOURCES ${here}/recipient_test.c USES gateway gateway_people base)
