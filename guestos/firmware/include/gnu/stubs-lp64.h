/* Empty on purpose. The Linux cross compiler's C++ headers ask glibc for this file when they are compiled for the
   soft-float ABI (lp64), which Debian's glibc does not carry. The firmware uses no libc, so there is nothing to say. */
