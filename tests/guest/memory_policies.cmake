# The kernel's memory policies: every policy passes the same programs, and what is wrong on purpose is found out.
# policy_test(NAME APPEND HARTS PROGRAM [OPTION …]) on hartbeat and QEMU.
function(policy_test NAME APPEND HARTS PROGRAM)
  foreach(machine qemu hartbeat)
    guest_test(guest.${NAME}.${PROGRAM}.${machine} run_program.py --machine ${machine} --harts ${HARTS}
               --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} "--append=${APPEND}" ${ARGN}
               -- ${programs}/${PROGRAM})
  endforeach()
endfunction()

foreach(program pin zero-page stale-unmap refcounts)
  program_test(${program} ${program})
endforeach()
program_test(refcounts-of-eight refcounts ARGUMENTS 7 100 MACHINES hartbeat)

# Fork that shares page tables: the same copies and reuses, and books that balance after every fork and exit.
foreach(program cow-basic reuse false-sharing fork-tree fork-exec threads wild-store brk-mmap shootdown pin zero-page
                hostile signals)
  policy_test(shared-tables "fork=shared-tables check=frames" 4 ${program})
endforeach()
foreach(program cow-basic reuse fork-tree pin zero-page)
  policy_test(shared-tables-alone "fork=shared-tables check=frames" 1 ${program})
endforeach()

# Which reuse rule keeps which promise.
policy_test(reuse-by-maps "reuse=maps" 1 pin --broken "who unmapped a page" --broken "after a fork the device")
policy_test(reuse-by-references "reuse=references" 1 pin --broken "after a fork the device"
            --broken "without a fork the device")

foreach(policy ipi batched asid)
  foreach(program shootdown stale-unmap threads fork-tree)
    if(policy STREQUAL batched)  # QEMU 7.2's default hart has no Svinval
      guest_test(guest.shootdown-batched.${program}.hartbeat run_program.py --machine hartbeat --harts 8
                 --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} --append shootdown=batched
                 -- ${programs}/${program})
    else()
      policy_test(shootdown-${policy} "shootdown=${policy}" 8 ${program})
    endif()
  endforeach()
endforeach()

# Kernels that leave a fence out. QEMU's TLBs would show them, too, but not reliably.
function(broken_kernel_test BREAKAGE PROGRAM TEXT)
  guest_test(guest.broken.${BREAKAGE}.${PROGRAM} run_program.py --machine hartbeat --harts 4 --firmware ${firmware}
             --kernel ${kernel} --hartbeat ${hartbeat} --append broken=${BREAKAGE} --broken ${TEXT} -- ${programs}/${PROGRAM})
endfunction()
broken_kernel_test(no-remote-flush shootdown "children every writer's pages are one moment")
broken_kernel_test(no-remote-flush stale-unmap "stores went through after munmap")
broken_kernel_test(no-fork-flush shootdown "children every writer's pages are one moment")
broken_kernel_test(no-unmap-flush stale-unmap "stores went through after munmap")

# Stress: eight harts, scheduling drawn at random, the scan of all frames after each fork and exit.
foreach(seed 1 2 3)
  foreach(fork cow shared-tables)
    foreach(program shootdown threads)
      guest_test(guest.stress.${program}.${fork}.seed-${seed} run_program.py --machine hartbeat --harts 8
                 --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat}
                 --append "fork=${fork} shootdown=ipi check=frames perturb=${seed}" -- ${programs}/${program})
    endforeach()
  endforeach()
endforeach()
guest_test(guest.allocation-failures allocation_failures.py --firmware ${firmware} --kernel ${kernel}
           --hartbeat ${hartbeat} ${programs}/fork-tree 1)
guest_test(guest.allocation-failures.shared-tables allocation_failures.py --firmware ${firmware} --kernel ${kernel}
           --hartbeat ${hartbeat} --append fork=shared-tables ${programs}/fork-tree 1)
