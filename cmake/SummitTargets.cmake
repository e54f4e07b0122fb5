# summit_library(NAME [DEPENDS ...]): every .cc file of the calling folder (not of its subfolders) as one static library.
function(summit_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE summit_warnings)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${SUMMIT_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# What a program of tests has in common with all others. Each is compiled for one run or few, so it is compiled faster; most of what it
# tests is in libraries, which are optimised as the programs are.
function(summit_test_program name)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    SUMMIT_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" SUMMIT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE $<$<BOOL:${SUMMIT_OPTIMIZE}>:-O1>)
  target_link_libraries(${name} PRIVATE ${ARGN} GTest::gtest_main GTest::gmock summit_warnings)
endfunction()

# summit_test(NAME [TIMEOUT s] [LABELS ...] DEPENDS ...): every *_test.cc file of the calling folder as one GoogleTest program,
# each of its cases one ctest test. Programs that the tests start are found through SUMMIT_BIN_DIR.
function(summit_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "DEPENDS;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${sources})
  summit_test_program(${name} ${ARG_DEPENDS})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# summit_suite(NAME [TIMEOUT s] [COST s] [LABELS ...] [PARTS name=filter ...] DEPENDS ...): every *_test.cc file of the calling folder as one
# GoogleTest program whose cases share one world, so the whole program is one ctest test. With PARTS it is one more for each: the
# cases that the filter takes, in a process and a world of their own; what no part takes stays with the first. COST is how long the
# longest of them runs: ctest starts what runs long first. scripts/run-tests.sh counts the cases from the reports.
function(summit_suite name)
  cmake_parse_arguments(ARG "" "TIMEOUT;COST" "DEPENDS;LABELS;PARTS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  add_executable(${name} ${sources})
  summit_test_program(${name} ${ARG_DEPENDS})
  set(taken "")
  foreach(part IN LISTS ARG_PARTS)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${part}")
    summit_suite_part(${name} ${name}.${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
    string(APPEND taken ":${CMAKE_MATCH_2}")
  endforeach()
  string(REGEX REPLACE "^:" "-" rest "${taken}")
  summit_suite_part(${name} ${name} "${rest}")
endfunction()

# One ctest test of a suite, with the arguments of summit_suite. An empty filter takes every case.
function(summit_suite_part program name filter)
  set(arguments --gtest_output=xml:${CMAKE_BINARY_DIR}/suites/${name}.xml)
  if(filter)
    list(APPEND arguments --gtest_filter=${filter})
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_test(NAME suite.${name} COMMAND ${program} ${arguments})
  # Neo4j's programs end here before what Java compiles and optimises of them pays for itself, and its servers before their first
  # collection if the young generation is large enough.
  set_tests_properties(suite.${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    ENVIRONMENT "JDK_JAVA_OPTIONS=-XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=3;NEO4J_JAVA_OPTS=-XX:+UseSerialGC -Xms256m -Xmn160m")
  if(ARG_COST)
    set_tests_properties(suite.${name} PROPERTIES COST ${ARG_COST})
  endif()
endfunction()

include(GoogleTest)
