foreach(subject args check explain print share)
    sp_test(cli_${subject}_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/${subject}_test.c USES gateway_cli base Threads::Threads)
endforeach()
