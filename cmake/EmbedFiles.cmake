# embed_files(<target> <function> <files...>)
#
# Adds to <target> a source file that defines <function> of api/embedded_files.h, with the bytes,
# media types and digests of <files> as they are at build time. Run as a script (cmake -P) this file
# writes that source.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(EMBED_FILES_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

  function(embed_files target function)
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${function}.cc")
    list(JOIN ARGN "|" files)  # a ';' would be taken apart on the way to the script
    add_custom_command(
      OUTPUT "${output}"
      COMMAND "${CMAKE_COMMAND}" "-DFUNCTION=${function}" "-DFILES=${files}" "-DOUTPUT=${output}" -P
              "${EMBED_FILES_SCRIPT}"
      DEPENDS ${ARGN} "${EMBED_FILES_SCRIPT}"
      VERBATIM)
    target_sources(${target} PRIVATE "${output}")
  endfunction()
  return()
endif()

set(type_.html "text/html; charset=utf-8")
set(type_.css "text/css; charset=utf-8")
set(type_.js "text/javascript; charset=utf-8")
set(type_.json "application/json")
set(type_.svg "image/svg+xml")
set(type_.png "image/png")
set(type_.ico "image/x-icon")
set(type_.txt "text/plain; charset=utf-8")
set(type_.webmanifest "application/manifest+json")

string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  get_filename_component(extension "${file}" LAST_EXT)
  if(NOT DEFINED "type_${extension}")
    message(FATAL_ERROR "${file}: no media type for ${extension}; add it to cmake/EmbedFiles.cmake")
  endif()
  file(SHA256 "${file}" digest)
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
  # String literals of a bounded length: compilers take these many times faster than arrays of
  # numbers. Every byte is an escape of two digits, so that none can run into the next.
  string(REGEX REPLACE "((\\\\x[0-9a-f][0-9a-f])(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?(\\\\x[0-9a-f][0-9a-f])?)"
                       "\\1\"\n\"" escaped "${escaped}")
  string(APPEND arrays "constexpr char kBytes${count}[] =\n\"${escaped}\";\n")
  string(APPEND rows "    {\"${name}\", \"${type_${extension}}\", {kBytes${count}, ${size}}, \"${digest}\"},\n")
  math(EXPR count "${count} + 1")
endforeach()

set(text "#include \"api/embedded_files.h\"\n\n#include <array>\n\nnamespace thumbmill {\nnamespace {\n\n")
string(APPEND text "${arrays}\nconstexpr std::array<EmbeddedFile, ${count}> kFiles{{\n${rows}}};\n\n}  // namespace\n\n")
string(APPEND text "std::span<const EmbeddedFile> ${FUNCTION}() { return kFiles; }\n\n}  // namespace thumbmill\n")
file(WRITE "${OUTPUT}" "${text}")
