# thumbmill_layer(<directory> SOURCES <files...> DEPS <targets...>)
#
# Declares the library of one directory below src/, named thumbmill_<directory with _ for />.
# A layer without sources is header-only. tools/check_layers proves that includes follow the layers.
function(thumbmill_layer directory)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  string(REPLACE "/" "_" name "thumbmill_${directory}")
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC thumbmill_options ${ARG_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE thumbmill_options ${ARG_DEPS})
  endif()
endfunction()
