set(here ${CMAKE_CURRENT_LIST_DIR})
sp_test(page_page_test SOURCES ${here}/page_test.c USES web_page web_http base)

# The page's own source: its types, its form, and its pure parts. The modules are there once web_page is built.
set(ui ${PROJECT_SOURCE_DIR}/web/ui)
add_test(NAME page_types COMMAND ${ui}/node_modules/.bin/tsc --noEmit --project ${ui})
add_test(NAME page_script COMMAND ${NODE_EXECUTABLE} ${ui}/build.mjs test ${CMAKE_CURRENT_BINARY_DIR}/page_script)
add_test(NAME page_form COMMAND ${NODE_EXECUTABLE} node_modules/prettier/bin/prettier.cjs --config package.json --check
    src test build.mjs "../../tests/e2e/page/*.mjs" WORKING_DIRECTORY ${ui})
set_tests_properties(page_types page_script page_form PROPERTIES TIMEOUT 120)
