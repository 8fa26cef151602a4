# The manual pages against the programs.
add_test(NAME man_pages COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/man_test.py ${PROJECT_SOURCE_DIR}
    $<TARGET_FILE:scanpost> $<TARGET_FILE:scanpost-sandbox> $<TARGET_FILE:scanpostd>)
set_tests_properties(man_pages PROPERTIES TIMEOUT 120)
