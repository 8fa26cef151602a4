sp_test(cups_print_job_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/print_job_test.c USES backend_cups base)
sp_test(cups_document_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/document_test.c USES backend_cups base Cups::Cups)
