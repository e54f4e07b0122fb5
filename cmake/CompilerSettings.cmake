# Language level, warnings as errors, sanitizers, and ccache when the machine has it.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(summit_warnings INTERFACE)
target_compile_options(summit_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# gcc 12 sees uninitialised members in moved-from variants where there are none, once it optimises.
target_compile_options(summit_warnings INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-maybe-uninitialized>)

# Every file is included by another one then, and gcc takes it for a header.
target_compile_options(summit_warnings INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${SUMMIT_UNITY}>>:-Wno-subobject-linkage>)

add_compile_definitions(_FILE_OFFSET_BITS=64 SUMMIT_VERSION="${PROJECT_VERSION}")
if(SUMMIT_OPTIMIZE)
  add_compile_options(-O${SUMMIT_OPTIMIZE})
endif()
if(SUMMIT_SANITIZE)
  add_compile_options(-fsanitize=${SUMMIT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SUMMIT_SANITIZE})
endif()
