# The walls of the house. A folder is a library that names the libraries it uses; it can include their headers and no
# others, because each library's include directory holds nothing but a link to its own folder:
#     #include "backend/smtp/reply.h"   builds only where the library backend_smtp is named.

# sp_room(SOURCES ... USES ... PRIVATE ...): the library of this folder, named after its path.
function(sp_room)
    cmake_parse_arguments(ROOM "" "" "SOURCES;USES;PRIVATE" ${ARGN})
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
    string(REPLACE "/" "_" name ${path})
    set(door ${PROJECT_BINARY_DIR}/doors/${name})
    get_filename_component(parent ${door}/${path} DIRECTORY)
    file(MAKE_DIRECTORY ${parent})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${door}/${path} SYMBOLIC)
    add_library(${name} STATIC ${ROOM_SOURCES})
    target_include_directories(${name} PUBLIC ${door})
    target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_PRIVATE})
    sp_headers_alone(${name})
endfunction()

# Every header of this folder compiles alone.
function(sp_headers_alone name)
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
    set(probes)
    foreach(header ${headers})
        get_filename_component(stem ${header} NAME_WE)
        file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${header})
        set(probe ${CMAKE_CURRENT_BINARY_DIR}/alone_${stem}.c)
        file(CONFIGURE OUTPUT ${probe} CONTENT "#include \"${path}\"\nextern int sp_header_compiles_alone;\n")
        list(APPEND probes ${probe})
    endforeach()
    if(probes)
        add_library(${name}_headers OBJECT ${probes})
        target_link_libraries(${name}_headers PRIVATE ${name})
    endif()
endfunction()
