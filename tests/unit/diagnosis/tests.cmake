foreach(subject heard rules paste diagnose vocabulary)
    sp_test(${subject}_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/${subject}_test.c USES backend_diagnosis base)
endforeach()
