sp_test(net_transcript_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/transcript_test.c USES backend_net base)
sp_test(net_conn_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/conn_test.c USES backend_net base)
sp_test(net_dns_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/dns_test.c ${CMAKE_CURRENT_LIST_DIR}/fake_dns.c
    USES backend_net base resolv Threads::Threads)
# fake_smtp: its certificates.
sp_test(net_tls_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/tls_test.c USES fake_smtp backend_net base)
# The server that answers as it is told, for every test that talks HTTPS; with fake_smtp's certificates.
add_library(fake_https STATIC ${CMAKE_CURRENT_LIST_DIR}/fake_https.c)
target_include_directories(fake_https PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(fake_https PUBLIC fake_smtp base PkgConfig::OPENSSL Threads::Threads)
sp_test(net_https_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/https_test.c ${CMAKE_CURRENT_LIST_DIR}/fake_dns.c
    USES fake_https backend_net base resolv Threads::Threads)
