sp_test(net_conn_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/conn_test.c USES backend_net base)
sp_test(net_dns_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/dns_test.c ${CMAKE_CURRENT_LIST_DIR}/fake_dns.c
    USES backend_net base resolv Threads::Threads)
# fake_smtp: its certificates.
sp_test(net_tls_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/tls_test.c USES fake_smtp backend_net base)
