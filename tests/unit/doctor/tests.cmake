foreach(subject may sight)
    sp_test(doctor_${subject}_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/${subject}_test.c USES gateway_doctor base)
endforeach()
