set(sender_world ${CMAKE_CURRENT_LIST_DIR}/sender_world.c)
foreach(name errand sender)
    sp_test(${name}_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}_test.c ${sender_world}
        USES backend_sender backend_delivery backend_diagnosis db base Threads::Threads)
endforeach()
