foreach(subject conf_edit conf_write pair powershell recommend wrap)
    sp_test(setup_${subject}_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/${subject}_test.c USES gateway_setup base)
endforeach()
