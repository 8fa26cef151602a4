# The scripted peer, for every test that talks SMTP.
add_library(fake_smtp STATIC ${CMAKE_CURRENT_LIST_DIR}/fake_smtp.c ${CMAKE_CURRENT_LIST_DIR}/fake_tls.c)
target_include_directories(fake_smtp PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(fake_smtp PUBLIC backend_net base PkgConfig::OPENSSL Threads::Threads)

sp_test(smtp_reply_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/reply_test.c USES backend_smtp base)
sp_test(smtp_capabilities_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/capabilities_test.c USES backend_smtp base)
foreach(subject session_open session_auth transaction body)
    sp_test(smtp_${subject}_test
        SOURCES ${CMAKE_CURRENT_LIST_DIR}/${subject}_test.c ${CMAKE_CURRENT_LIST_DIR}/world.c
        USES fake_smtp backend_smtp backend_net base)
endforeach()
