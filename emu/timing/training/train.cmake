# cmake -DPROGRAM=hartbeat -DPROFILE=file -DWORKLOADS=directory -P train.cmake: runs the beginning of each workload with the
# instrumented cycle model, and writes the counts of all runs to PROFILE. The same program writes the same bytes where the
# host lets it run at fixed addresses.
cmake_minimum_required(VERSION 3.25)

set(work ${PROFILE}.work)
file(REMOVE_RECURSE ${work})

set(fixed_addresses setarch -R)
execute_process(COMMAND ${fixed_addresses} true RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
if(NOT status EQUAL 0)  # a container may forbid it
  set(fixed_addresses)
endif()

# train(ELF INSTRUCTIONS arguments …): one run up to a number of retired instructions of a hart, which it must reach.
function(train ELF INSTRUCTIONS)
  set(command ${PROGRAM} run --quiet --timing cva6 --max-instret ${INSTRUCTIONS} ${ARGN} ${ELF})
  execute_process(COMMAND ${CMAKE_COMMAND} -E env GCOV_PREFIX=${work} GCOV_PREFIX_STRIP=2 ${fixed_addresses} ${command}
                  WORKING_DIRECTORY ${WORKLOADS} INPUT_FILE /dev/null
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 124)
    list(JOIN command " " command)
    message(FATAL_ERROR "The training run ended with status ${status} instead of at its limit (124): ${command}\n${output}")
  endif()
endfunction()

# Long enough for the model's memory of repeated work to fill; with half of it the ways of its beginning weigh too much.
train(int-m.elf 9000000 --machine cva6)
train(mem-m.elf 6000000 --machine cva6)
train(vmtouch-m.elf 6000000 --machine cva6)
train(vmfault-m.elf 6000000 --machine cva6)
train(int4-m.elf 2400000 --machine cva6 --harts 4)
train(mem-m.elf 1800000 --machine cva6 --set memory.latency=60)
train(vmfault-m.elf 1800000 --machine cva6-l2-dram)

file(GLOB counts ${work}/*.gcda)
list(LENGTH counts units)
if(NOT units EQUAL 1)
  message(FATAL_ERROR "The training left ${units} profiles in ${work}; it should be that of one unit")
endif()
# The same profile keeps its time stamp, so nothing is compiled again.
file(COPY_FILE ${counts} ${PROFILE} ONLY_IF_DIFFERENT)
file(REMOVE_RECURSE ${work})
