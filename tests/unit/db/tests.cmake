# What is remembered: one program a subject, all with the same world.
set(db_world ${CMAKE_CURRENT_LIST_DIR}/db_world.c)
foreach(name audit source job queue query search list dav batch check keys envelope spool rebuild crash life snapshot)
    sp_test(db_${name}_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}_test.c ${db_world} USES db base Threads::Threads)
endforeach()
sp_test(db_migrate_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/migrate_test.c ${db_world} USES db base PkgConfig::SQLITE)
