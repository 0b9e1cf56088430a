# riscv_image(NAME OUTPUT file SOURCES … [COMPILER cc] FLAGS … [LINK_FLAGS …] [DEPENDS …])
#
# Builds one RISC-V ELF file with the cross compiler: each source to an object (with a depfile, so that headers
# are tracked), then one link. The host's CMake toolchain is untouched, so one build directory holds both worlds.
# Defines a target NAME; the ELF is OUTPUT.
find_program(RISCV_CXX riscv64-linux-gnu-g++)
find_program(RISCV_CC riscv64-linux-gnu-gcc)

function(riscv_image NAME)
  cmake_parse_arguments(IMAGE "" "OUTPUT;COMPILER" "SOURCES;FLAGS;LINK_FLAGS;DEPENDS" ${ARGN})
  if(NOT RISCV_CXX OR NOT RISCV_CC)
    message(FATAL_ERROR "riscv64-linux-gnu-g++ was not found. Install g++-riscv64-linux-gnu (./dev build does).")
  endif()
  if(NOT IMAGE_COMPILER)
    set(IMAGE_COMPILER ${RISCV_CXX})
  endif()
  set(objects)
  foreach(source IN LISTS IMAGE_SOURCES)
    get_filename_component(source_path ${source} ABSOLUTE)
    string(REPLACE "/" "_" flat ${source})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.dir/${flat}.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CCACHE} ${IMAGE_COMPILER} ${IMAGE_FLAGS} -MD -MF ${object}.d -MT ${object} -c ${source_path} -o ${object}
      DEPENDS ${source_path} ${IMAGE_DEPENDS}
      DEPFILE ${object}.d
      COMMENT "RISC-V ${NAME}: ${source}"
      VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${NAME}.dir)
  add_custom_command(
    OUTPUT ${IMAGE_OUTPUT}
    COMMAND ${IMAGE_COMPILER} ${IMAGE_FLAGS} ${objects} ${IMAGE_LINK_FLAGS} -o ${IMAGE_OUTPUT}
    DEPENDS ${objects} ${IMAGE_DEPENDS}
    COMMENT "RISC-V ${NAME}"
    VERBATIM)
  add_custom_target(${NAME} ALL DEPENDS ${IMAGE_OUTPUT})
  set_target_properties(${NAME} PROPERTIES IMAGE ${IMAGE_OUTPUT})
endfunction()
