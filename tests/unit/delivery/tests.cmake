sp_test(check_address_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/check_address_test.c ${PROJECT_SOURCE_DIR}/tests/unit/net/fake_dns.c
    USES backend_delivery backend_net base resolv Threads::Threads)
sp_test(check_hints_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/check_hints_test.c USES backend_delivery base)
sp_test(budget_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/budget_test.c USES backend_delivery base)
sp_test(spf_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/spf_test.c USES backend_delivery base)
sp_test(health_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/health_test.c USES backend_delivery base)
sp_test(plan_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/plan_test.c USES backend_delivery base)
sp_test(settle_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/settle_test.c USES backend_delivery base)
sp_test(graph_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/graph_test.c ${CMAKE_CURRENT_LIST_DIR}/fake_graph.c
            ${CMAKE_CURRENT_LIST_DIR}/../smtp/fake_tls.c
    USES backend_delivery backend_oauth backend_net backend_mail base PkgConfig::OPENSSL Threads::Threads)
sp_test(cloud_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/cloud_test.c USES backend_delivery base)
sp_test(endpoint_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/endpoint_test.c ${PROJECT_SOURCE_DIR}/tests/unit/net/fake_dns.c
    USES backend_delivery backend_net base resolv Threads::Threads)
