# What compiler and linker add against memory errors that nobody has found yet, for all of our programs.
# docs/threat-model.md says what each flag costs; the test `hardening` looks for all of them in the programs.
#
# Not with a sanitizer, which watches memory itself and replaces the functions that _FORTIFY_SOURCE checks.
option(THUMBMILL_HARDENED "Harden the programs; off only to measure what that costs" ON)
if(NOT THUMBMILL_HARDENED OR THUMBMILL_SANITIZE)
  return()
endif()

target_compile_options(thumbmill_options INTERFACE
  -fstack-protector-strong
  -fstack-clash-protection
  -ftrivial-auto-var-init=zero
  # Indirect jumps and calls land at marked places only, and returns where the call came from, on processors that check it.
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-mbranch-protection=standard>
  $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-fPIE>
  $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,STATIC_LIBRARY>:-fPIE>)
target_compile_definitions(thumbmill_options INTERFACE _GLIBCXX_ASSERTIONS)
# Checks what the optimiser knows; the C library warns where there is none.
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
if("${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}" MATCHES "-O[123s]")
  target_compile_options(thumbmill_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
target_link_options(thumbmill_options INTERFACE
  $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>
  LINKER:-z,relro,-z,now,-z,noexecstack)
