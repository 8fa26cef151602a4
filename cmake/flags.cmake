# How everything is compiled: warnings always, errors in development, hardening in release.

option(SCANPOST_WERROR "warnings are errors" OFF)
option(SCANPOST_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(SCANPOST_HARDEN "PIE, RELRO, _FORTIFY_SOURCE, stack protector, CET" OFF)
option(SCANPOST_FUZZ "build the libFuzzer targets (clang)" OFF)

add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64 SP_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla
    -Wformat=2 -Wswitch-enum -Wno-missing-field-initializers)
if(SCANPOST_WERROR)
    add_compile_options(-Werror)
endif()
if(SCANPOST_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
if(SCANPOST_HARDEN)
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES C) # programs get -pie through CMAKE_POSITION_INDEPENDENT_CODE
    add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    include(CheckCCompilerFlag)
    check_c_compiler_flag(-fcf-protection=full SCANPOST_HAS_CET)
    if(SCANPOST_HAS_CET)
        add_compile_options(-fcf-protection=full)
    endif()
endif()
if(SCANPOST_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    add_link_options(-fsanitize=address,undefined)
endif()
