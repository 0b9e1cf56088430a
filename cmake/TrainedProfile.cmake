# Profile-guided optimisation without a committed profile: the build makes an instrumented copy of a library, runs it on
# training programs, and compiles the library with what that run counted. To Ninja all of it is files that depend on each
# other, so whatever changes the library, the training program or its input trains again. The order:
#
#   trained_library(NAME …)     NAME_instrumented and NAME_trained, and NAME, which means the first to the training program
#                               and the second to everybody else
#   training_program(NAME …)    the program that links NAME_instrumented, and the run of it
#
# With HARTBEAT_PROFILE off, NAME is an ordinary library and there is no training.
option(HARTBEAT_PROFILE "Compile the cycle model with the profile of a training run (Release, GCC, Ninja)" ON)

function(no_profile WHY)
  if(HARTBEAT_PROFILE)
    message(STATUS "No profile for the cycle model (HARTBEAT_PROFILE is OFF): ${WHY}")
    set(HARTBEAT_PROFILE OFF PARENT_SCOPE)
  endif()
endfunction()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  no_profile("the build is of type ${CMAKE_BUILD_TYPE}, not Release")
elseif(HARTBEAT_SANITIZE)
  no_profile("sanitizers are on")
elseif(CMAKE_CROSSCOMPILING)
  no_profile("a cross-compiled training program does not run here")
elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 11)
  no_profile("the compiler is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, not GCC 11 or later")
elseif(NOT CMAKE_GENERATOR STREQUAL "Ninja")
  no_profile("the generator is ${CMAKE_GENERATOR}, not Ninja")
endif()

# An archive needs no other archive. Without this the libraries that the training program links would wait for the
# trained library, that is, for the training.
set(CMAKE_OPTIMIZE_DEPENDENCIES ${HARTBEAT_PROFILE})

# For both copies of a library. GCC finds a function's counts by its number in the unit: by default it is by the object's
# name, too, which is another. Ways through the code are counted, not values: among these are addresses, and a build of the
# same sources would be another one each time.
set(profile_flags --param=profile-func-internal-id=1 -fno-profile-values)

# trained_library(NAME UNIT file LINK libraries … OPTIONS flags …): the library of one translation unit, compiled with the
# flags. UNIT must name what it includes alike in every checkout: the profile holds these names, and ccache may take an object
# from another checkout.
function(trained_library NAME)
  cmake_parse_arguments(LIBRARY "" "UNIT" "LINK;OPTIONS" ${ARGN})
  if(NOT HARTBEAT_PROFILE)
    add_library(${NAME} STATIC ${LIBRARY_UNIT})
    target_link_libraries(${NAME} PUBLIC ${LIBRARY_LINK})
    target_compile_options(${NAME} PRIVATE ${LIBRARY_OPTIONS})
    return()
  endif()
  # Two files of the same text, as only one of them waits for the profile.
  get_filename_component(file ${LIBRARY_UNIT} NAME)
  set(instrumented_unit ${CMAKE_CURRENT_BINARY_DIR}/instrumented/${file})
  configure_file(${LIBRARY_UNIT} ${instrumented_unit} COPYONLY)

  add_library(${NAME}_instrumented OBJECT EXCLUDE_FROM_ALL ${instrumented_unit})
  # The counts go where the environment says (train.cmake); an instrumented program run without it leaves none behind.
  target_compile_options(${NAME}_instrumented PRIVATE ${LIBRARY_OPTIONS} ${profile_flags} -fprofile-generate=/dev/null)
  target_link_options(${NAME}_instrumented INTERFACE -fprofile-generate)

  # GCC looks for the profile beside the object.
  set(profile ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${NAME}_trained.dir/${file}.gcda)
  add_library(${NAME}_trained STATIC ${LIBRARY_UNIT})
  set_source_files_properties(${LIBRARY_UNIT} PROPERTIES OBJECT_DEPENDS ${profile})
  # Code that the training does not reach is compiled as it would be without a profile. That option is spelled with --,
  # GCC's other way to write -f, as ccache 4.7 caches nothing with a -fprofile option that it does not know. A profile that
  # is not there or not of this text is a mistake of the build.
  target_compile_options(${NAME}_trained PRIVATE ${LIBRARY_OPTIONS} ${profile_flags} -fprofile-use
                         --profile-partial-training -Werror=missing-profile -Werror=coverage-mismatch)
  target_link_libraries(${NAME}_instrumented PUBLIC ${LIBRARY_LINK})
  target_link_libraries(${NAME}_trained PUBLIC ${LIBRARY_LINK})

  add_library(${NAME} INTERFACE)
  target_link_libraries(${NAME} INTERFACE
                        $<IF:$<BOOL:$<TARGET_PROPERTY:HARTBEAT_TRAINS>>,${NAME}_instrumented,${NAME}_trained>)
  set_target_properties(${NAME} PROPERTIES PROFILE ${profile})
endfunction()

# training_program(NAME LIBRARY library SOURCES … LINK … SCRIPT file ARGUMENTS … DEPENDS files …): the program, and its run by
# `cmake -DPROGRAM=… -DPROFILE=… ARGUMENTS -P SCRIPT`, which writes the library's profile. Called from another directory than
# the library's: CMake would have everybody who uses that wait for the training.
function(training_program NAME)
  cmake_parse_arguments(TRAINING "" "LIBRARY;SCRIPT" "SOURCES;LINK;ARGUMENTS;DEPENDS" ${ARGN})
  get_target_property(profile ${TRAINING_LIBRARY} PROFILE)
  # The library's object stands before the archives: of an inline function that these have as well, its copy counts.
  add_executable(${NAME} EXCLUDE_FROM_ALL $<TARGET_OBJECTS:${TRAINING_LIBRARY}_instrumented> ${TRAINING_SOURCES})
  set_target_properties(${NAME} PROPERTIES HARTBEAT_TRAINS ON)
  target_link_libraries(${NAME} PRIVATE ${TRAINING_LINK})
  add_custom_command(
    OUTPUT ${profile}
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${NAME}> -DPROFILE=${profile} ${TRAINING_ARGUMENTS}
            -P ${TRAINING_SCRIPT}
    DEPENDS ${NAME} ${TRAINING_SCRIPT} ${TRAINING_DEPENDS}
    COMMENT "Training ${TRAINING_LIBRARY}"
    VERBATIM)
  add_custom_target(${NAME}_profile DEPENDS ${profile})
endfunction()
