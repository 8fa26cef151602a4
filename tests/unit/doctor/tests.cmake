sp_test(doctor_may_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/may_test.c USES gateway_doctor base)
