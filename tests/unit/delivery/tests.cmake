sp_test(health_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/health_test.c USES backend_delivery base)
sp_test(plan_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/plan_test.c USES backend_delivery base)
sp_test(settle_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/settle_test.c USES backend_delivery base)
