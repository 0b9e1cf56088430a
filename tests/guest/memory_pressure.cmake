# More memory wanted than there is: promises, swap, locked memory, the OOM killer, disks that use memory themselves, and
# failures of all of these. QEMU pays dearly for each sfence.vma: there, one run shows that the disk driver works.

program_test(overcommit overcommit OPTIONS --memory 8G MACHINES hartbeat)

set(swap OPTIONS --memory 12M --disk 32M --append swap=vda)
program_test(swap swap ARGUMENTS 9 ${swap} MACHINES hartbeat)
program_test(mlock mlock ARGUMENTS 9 ${swap} MACHINES hartbeat)
guest_test(guest.swap.opensbi run_program.py --machine opensbi --harts 4 --kernel ${kernel} --memory 12M --disk 32M
           --append swap=vda -- ${programs}/swap 8)
program_test(proc-memory-in-swap proc-memory ARGUMENTS 14 ${swap} MACHINES hartbeat)
# A large page that nobody uses is split, and goes by its pages of 4 KiB; one that is used stays.
program_test(large-in-swap large-in-swap ARGUMENTS 16 OPTIONS --memory 16M --disk 64M --append "swap=vda check=frames"
             MACHINES hartbeat)
# The initial archive lies at the end of memory, on an odd frame or an even one: what is before it is freed alone, and the
# archive is not its buddy.
foreach(memory 16384K 16388K)
  guest_test(guest.large-in-swap.64k-pages.${memory} run_program.py --machine hartbeat --harts 1 --firmware ${firmware}
             --kernel ${kernel} --hartbeat ${hartbeat} --memory ${memory} --disk 64M
             --append "swap=vda check=frames pages=64k" -- ${programs}/large-in-swap 16)
endforeach()
foreach(pages 64k 2m)
  guest_test(guest.swap.${pages} run_program.py --machine hartbeat --harts 4 --firmware ${firmware} --kernel ${kernel}
             --hartbeat ${hartbeat} --memory 16M --disk 32M --append "swap=vda check=frames pages=${pages}"
             -- ${programs}/swap 12)
endforeach()
foreach(fork shared-tables eager)
  guest_test(guest.swap.${fork} run_program.py --machine hartbeat --harts 4 --firmware ${firmware} --kernel ${kernel}
             --hartbeat ${hartbeat} --memory 16M --disk 32M --append "swap=vda check=frames fork=${fork}"
             -- ${programs}/swap 9)
endforeach()

set(table "^guestos: +[0-9]+ +[0-9]+ +[0-9]+  oom  <- killed$")
program_test(oom oom OPTIONS --memory 20M --kills 1 --expect "${table}" MACHINES qemu hartbeat)
program_test(oom-again oom ARGUMENTS 3 OPTIONS --memory 24M --kills 3 --append check=frames --expect "${table}"
             MACHINES hartbeat)

program_test(direct-io direct-io OPTIONS --disk 1M MACHINES opensbi hartbeat)
foreach(rule maps references)
  guest_test(guest.direct-io.reuse-by-${rule} run_program.py --machine hartbeat --firmware ${firmware} --kernel ${kernel}
             --hartbeat ${hartbeat} --disk 1M --append reuse=${rule} --broken "after a fork the disk"
             -- ${programs}/direct-io)
endforeach()

# Something fails, the N-th time it is asked for, while pages go to the disk and come back: nothing may be lost, by a swap slot
# or a disk request not even a process (but whose page cannot be read, 135: SIGBUS). Every so many-th here, all in ./dev soak.
foreach(kind alloc slot io)
  set(laws 0)
  if(kind STREQUAL alloc)
    set(laws 0,3,126,137)
  elseif(kind STREQUAL io)
    set(laws 0,3,135)
  endif()
  guest_test(guest.failures.${kind} allocation_failures.py --firmware ${firmware} --kernel ${kernel} --hartbeat ${hartbeat}
             --kind ${kind} --memory 12M --swap 32 --runs 12 --stride 97 --least 12 --laws ${laws} ${programs}/failures 9)
endforeach()
