# The daemon is a program, not a library: what is tested of it is compiled once more.
sp_test(herald_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/herald_test.c ${PROJECT_SOURCE_DIR}/gateway/daemon/herald.c
    ${PROJECT_SOURCE_DIR}/gateway/daemon/notify.c USES base)
target_include_directories(herald_test PRIVATE ${PROJECT_SOURCE_DIR})
