# SPDX-License-Identifier: Apache-2.0
# The two shapes of target in this tree, and the flags that all of them share.
#
#   tenfold_library(NAME DEPENDS lib...)      every *.cc of the current folder but *_test.cc and main.cc,
#                                             and with tests on, NAME_test from the *_test.cc beside them
#   tenfold_program(NAME MAIN file DEPENDS lib...)  an executable at the root of the build folder
option(TENFOLD_TESTS "build the unit tests" ON)
option(TENFOLD_FUZZ "build the libFuzzer targets" OFF)
set(TENFOLD_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")
set(TENFOLD_PROFILE "none" CACHE STRING "use: optimise by cmake/tenfold.proftext; generate: a program that records such a profile (tools/profile); none")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror -fno-omit-frame-pointer)
add_link_options(-fuse-ld=lld)
if(TENFOLD_SANITIZE)
  add_compile_options(-fsanitize=${TENFOLD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TENFOLD_SANITIZE})
endif()

# What the compiler is told of which code is hot: it is laid out densely, which counts in a program that comes back from
# the kernel with cold caches some times a request. Functions that have changed since the profile was made are compiled
# without. Names of static functions carry no folder, so that a profile fits in all of them.
if(NOT TENFOLD_PROFILE STREQUAL "none")
  add_compile_options("SHELL:-mllvm -static-func-full-module-prefix=false")
endif()
if(TENFOLD_PROFILE STREQUAL "generate")
  add_compile_options(-fprofile-generate -fprofile-update=atomic)
  add_link_options(-fprofile-generate)
elseif(TENFOLD_PROFILE STREQUAL "use")
  find_program(PROFDATA llvm-profdata-19 REQUIRED)
  set(profile_text ${CMAKE_SOURCE_DIR}/cmake/tenfold.proftext)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile_text})
  file(SHA256 ${profile_text} profile_hash)  # in the name, so that another profile compiles everything anew
  set(profile ${CMAKE_BINARY_DIR}/${profile_hash}.profdata)
  if(NOT EXISTS ${profile})
    execute_process(COMMAND ${PROFDATA} merge -o ${profile} ${profile_text} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  add_compile_options(-fprofile-use=${profile} -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled
    -Wno-backend-plugin)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(uring REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(xxhash REQUIRED libxxhash)  # its header alone: base/hash.cc
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
if(TENFOLD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()

function(tenfold_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;TEST_DEPENDS;TEST_SOURCES")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC ${arg_DEPENDS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} INTERFACE ${arg_DEPENDS})
  endif()
  if(TENFOLD_TESTS AND (tests OR arg_TEST_SOURCES))
    add_executable(${name}_test ${tests} ${arg_TEST_SOURCES})
    target_link_libraries(${name}_test PRIVATE ${name} ${arg_TEST_DEPENDS} GTest::gmock_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()

function(tenfold_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
endfunction()
