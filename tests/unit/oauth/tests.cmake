sp_test(oauth_jwt_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/jwt_test.c ${CMAKE_CURRENT_LIST_DIR}/pair.c
    USES backend_oauth base PkgConfig::OPENSSL)
# fake_https: the token endpoint.
sp_test(oauth_token_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/token_test.c ${CMAKE_CURRENT_LIST_DIR}/pair.c
    USES fake_https backend_oauth backend_diagnosis base)
