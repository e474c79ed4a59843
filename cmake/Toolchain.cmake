# Compiler settings shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(thumbmill_options INTERFACE)
target_compile_options(thumbmill_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                                   -Wold-style-cast)
# Arithmetic gives the same bits on every architecture: no multiply-add rounded once where x86-64 rounds twice.
target_compile_options(thumbmill_options INTERFACE -ffp-contract=off)
target_include_directories(thumbmill_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
if(THUMBMILL_WERROR)
  target_compile_options(thumbmill_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC reports atomic_thread_fence in Asio under ThreadSanitizer (-Wtsan), and GCC 12 the rest inside libstdc++ at -O2 (GCC bugs 105329, 105651, 107852).
  target_compile_options(thumbmill_options INTERFACE -Wno-tsan -Wno-restrict -Wno-stringop-overread -Wno-array-bounds
                                                     -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif()

if(THUMBMILL_SANITIZE)
  add_compile_options(-fsanitize=${THUMBMILL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${THUMBMILL_SANITIZE})
  if(THUMBMILL_SANITIZE MATCHES "thread")
    # ThreadSanitizer knows no fences; those in Asio only strengthen its locks.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Clang 14 cannot emit coroutines with it ("Cannot represent a difference across sections").
    add_compile_options(-fno-sanitize=function)
  endif()
endif()

find_program(THUMBMILL_CCACHE ccache)
if(THUMBMILL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${THUMBMILL_CCACHE}")
endif()
