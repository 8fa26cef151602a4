sp_test(compose_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/compose_test.c USES backend_mail base)
sp_test(header_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/header_test.c USES backend_mail base)

# A second opinion: python3's email package reads back what we composed.
add_executable(compose_sample ${CMAKE_CURRENT_LIST_DIR}/compose_sample.c)
target_link_libraries(compose_sample PRIVATE backend_mail base)
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
    add_test(NAME compose_parse_back COMMAND ${Python3_EXECUTABLE} -B
        ${CMAKE_CURRENT_LIST_DIR}/compose_parse_back.py $<TARGET_FILE:compose_sample>)
endif()
