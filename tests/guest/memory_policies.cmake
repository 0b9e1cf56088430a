# The kernel's memory policies: every policy passes the same programs, and what is wrong on purpose is found out.
# policy_test(NAME APPEND HARTS PROGRAM [OPTION …]) on hartbeat and QEMU.
function(policy_test NAME APPEND HARTS PROGRAM)
  foreach(machine qemu hartbeat)
    guest_test(guest.${NAME}.${PROGRAM}.${machine} run_program.py --machine ${machine} --harts ${HARTS}
               --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} "--append=${APPEND}" ${ARGN}
               -- ${programs}/${PROGRAM})
  endforeach()
endfunction()

foreach(program five-ways page-cache pin zero-page stale-unmap refcounts limits proc-memory)
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

# Every policy, on 2 to 16 harts: the same laws. (lazy and async let stores go through after munmap: their laws are below.)
foreach(policy sbi ipi batched asid lazy async)
  set(programs_here shootdown threads)
  if(NOT policy MATCHES "lazy|async")
    list(APPEND programs_here stale-unmap)
  endif()
  foreach(harts 2 4 8 16)
    foreach(program IN LISTS programs_here)
      guest_test(guest.shootdown-${policy}.${program}.harts-${harts} run_program.py --machine hartbeat --harts ${harts}
                 --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat}
                 "--append=shootdown=${policy} check=frames" -- ${programs}/${program})
    endforeach()
  endforeach()
endforeach()
# On QEMU, too, whose default hart (7.2) has no Svinval.
foreach(policy ipi asid)
  foreach(program shootdown stale-unmap threads fork-tree)
    policy_test(shootdown-${policy} "shootdown=${policy}" 8 ${program})
  endforeach()
endforeach()

# Kernels that leave a fence out. QEMU's TLBs would show them, too, but not reliably.
function(broken_kernel_test BREAKAGE PROGRAM TEXT)
  guest_test(guest.broken.${BREAKAGE}.${PROGRAM} run_program.py --machine hartbeat --harts 4 --firmware ${firmware}
             --kernel ${kernel} --hartbeat ${hartbeat} --append broken=${BREAKAGE} --broken ${TEXT} -- ${programs}/${PROGRAM})
endfunction()
broken_kernel_test(no-remote-flush shootdown "children every writer's pages are one moment")
broken_kernel_test(no-remote-flush stale-unmap "stores went through after munmap")
# A hart without work keeps its translations, is not interrupted, and fences when it takes the space again.
foreach(harts 2 4 8 16)
  math(EXPR sleepers "${harts} - 1")
  foreach(policy sbi ipi batched asid lazy async)
    if(policy STREQUAL sbi OR harts EQUAL 4)
      guest_test(guest.idle-harts.${policy}.harts-${harts} run_program.py --machine hartbeat --harts ${harts}
                 --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} "--append=shootdown=${policy} check=frames"
                 -- ${programs}/idle-harts ${sleepers} 20)
    endif()
  endforeach()
endforeach()
guest_test(guest.idle-harts.qemu run_program.py --machine qemu --harts 4 --firmware ${firmware} --kernel ${kernel}
           -- ${programs}/idle-harts)
broken_kernel_test(no-stale-fence idle-harts "a thread that slept while pages were replaced")
# Numbers of address spaces roll over every 127 processes here, and no TLB entry goes by itself meanwhile.
set(few_asids --set mmu.asid_bits=7 --set mmu.dtlb.entries=8192 --set mmu.dtlb.ways=256)
foreach(harts 1 2 4 8 16)
  guest_test(guest.asid-rollover.harts-${harts} run_program.py --machine hartbeat --harts ${harts} ${few_asids}
             --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} -- ${programs}/asid-rollover)
endforeach()
guest_test(guest.broken.no-rollover-flush run_program.py --machine hartbeat --harts 4 ${few_asids} --firmware ${firmware}
           --kernel ${kernel} --hartbeat ${hartbeat} --append broken=no-rollover-flush
           --broken "whoever had its number before" -- ${programs}/asid-rollover 600 0)
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
# Everything at once: more than 10^8 instructions under each seed, on 1, 2, 4 and 8 harts with every shootdown policy. Many
# more seeds in ./dev soak.
foreach(first 1 9 17)
  guest_test(guest.stress.seeds-from-${first} stress.py --hartbeat ${hartbeat} --firmware ${firmware} --kernel ${kernel}
             --programs ${programs} --first ${first} --seeds 8)
  set_tests_properties(guest.stress.seeds-from-${first} PROPERTIES TIMEOUT 600)
endforeach()
# Each allocation in turn, in fork, exec and page faults, until none is left to fail; every third with other forks.
foreach(fork cow shared-tables eager)
  set(stride 3)
  if(fork STREQUAL cow)
    set(stride 1)
  endif()
  guest_test(guest.allocation-failures.${fork} allocation_failures.py --firmware ${firmware} --kernel ${kernel}
             --hartbeat ${hartbeat} --append fork=${fork} --laws 0,3,126,137 --stride ${stride} --least 60
             ${programs}/failures 0)
  set_tests_properties(guest.allocation-failures.${fork} PROPERTIES TIMEOUT 600)
endforeach()

# Large pages: what a program sees is the same; what is copied follows the law of the policy.
program_test(large-pages large-pages)
function(large_page_test NAME HARTS APPEND PROGRAM)
  guest_test(guest.large-pages.${NAME}.${PROGRAM} run_program.py --machine hartbeat --harts ${HARTS} --no-measures
             --memory 512M --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat}
             "--append=${APPEND} check=frames" -- ${programs}/${PROGRAM})
endfunction()
large_page_test(whole 1 "large-cow=whole" large-pages)
large_page_test(shared-tables 1 "pages=64k fork=shared-tables" large-pages)
large_page_test(eager 1 "pages=2m fork=eager" large-pages)
foreach(pages 64k 2m)
  foreach(cow split whole)
    foreach(program cow-basic brk-mmap shootdown)
      large_page_test(${pages}-${cow} 4 "pages=${pages} large-cow=${cow}" ${program})
    endforeach()
    foreach(touched 1 3)
      guest_test(guest.amplification.${pages}-${cow}.touched-${touched} run_program.py --machine hartbeat --harts 1
                 --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} --append large-cow=${cow}
                 -- ${programs}/amplification ${pages} 4 ${touched})
    endforeach()
  endforeach()
endforeach()
foreach(program pin fork-tree threads stale-unmap)
  large_page_test(64k-split 4 "pages=64k" ${program})
endforeach()
guest_test(guest.amplification.4k run_program.py --machine hartbeat --harts 1 --firmware ${firmware} --kernel ${kernel}
           --hartbeat ${hartbeat} --append large-cow=whole -- ${programs}/amplification 4k 16 1)
# A machine without Svnapot falls back to 4 KiB.
guest_test(guest.amplification.64k-without-svnapot run_program.py --machine hartbeat --machine-file cva6 --harts 1
           --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} --append large-cow=whole
           -- ${programs}/amplification 64k 4 1)

# shootdown=lazy: nobody is interrupted for munmap; frames wait until nobody can reach them.
foreach(program shootdown threads fork-tree)
  policy_test(shootdown-lazy "shootdown=lazy check=frames" 8 ${program})
endforeach()
# shootdown=async: they are interrupted, but the sender does not wait, and the last to answer lets the frames go.
foreach(program shootdown threads fork-tree)
  policy_test(shootdown-async "shootdown=async check=frames" 8 ${program})
endforeach()
foreach(policy lazy async)
  foreach(harts 2 4 8 16)
    guest_test(guest.shootdown-${policy}.frames-wait.harts-${harts} run_program.py --machine hartbeat --harts ${harts}
               --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat} "--append=shootdown=${policy} check=frames"
               -- ${programs}/stale-unmap lazily)
  endforeach()
  # A seed that lets the storing thread take its signal on another hart than that of its fault.
  guest_test(guest.shootdown-${policy}.frames-wait.seed-19 run_program.py --machine hartbeat --harts 16
             --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat}
             "--append=shootdown=${policy} check=frames perturb=19" -- ${programs}/stale-unmap lazily)
endforeach()
# (An interrupt is taken so soon that freeing early harms nobody here under async; what waits is the same code.)
guest_test(guest.broken.lazy-free-early run_program.py --machine hartbeat --harts 4 --firmware ${firmware}
           --kernel ${kernel} --hartbeat ${hartbeat} --append "shootdown=lazy broken=lazy-free-early"
           --broken "nobody else's while stores still reach it" -- ${programs}/stale-unmap lazily)
# What it gives up for that: a racing thread's stores may still go through after munmap.
guest_test(guest.shootdown-lazy.is-lazy run_program.py --machine hartbeat --harts 4 --firmware ${firmware}
           --kernel ${kernel} --hartbeat ${hartbeat} --append shootdown=lazy
           --broken "stores went through after munmap" -- ${programs}/stale-unmap)
foreach(append "fence-limit=1 shootdown=ipi" "fence-limit=100000" "widen=tell shootdown=ipi")
  string(MAKE_C_IDENTIFIER "${append}" name)
  foreach(program shootdown stale-unmap)
    guest_test(guest.shootdown.${name}.${program} run_program.py --machine hartbeat --harts 8 --firmware ${firmware}
               --kernel ${kernel} --hartbeat ${hartbeat} "--append=${append} check=frames" -- ${programs}/${program})
  endforeach()
endforeach()

# Everything at once, more than 10^8 instructions each; `./dev soak` does the same for longer.
set(seed 0)
foreach(append "fork=cow" "shootdown=lazy" "shootdown=async" "fork=shared-tables shootdown=ipi" "pages=64k shootdown=lazy fork=shared-tables"
               "pages=2m large-cow=whole shootdown=batched" "pages=64k large-cow=whole shootdown=asid")
  math(EXPR seed "${seed} + 1")
  guest_test(guest.stress.all.seed-${seed} run_program.py --machine hartbeat --harts 8 --no-measures
             --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat}
             "--append=${append} check=frames perturb=${seed}" -- ${programs}/stress 3 ${seed})
endforeach()
