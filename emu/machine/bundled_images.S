# The guest's ELF files as read-only data. The paths come from CMakeLists.txt; an image that is not built is empty.
  .section .rodata.hartbeat_images, "a", @progbits
  .balign 16
  .globl hartbeat_firmware_begin, hartbeat_firmware_end, hartbeat_kernel_begin, hartbeat_kernel_end
hartbeat_firmware_begin:
#ifdef HARTBEAT_FIRMWARE_FILE
  .incbin HARTBEAT_FIRMWARE_FILE
#endif
hartbeat_firmware_end:
  .balign 16
hartbeat_kernel_begin:
#ifdef HARTBEAT_KERNEL_FILE
  .incbin HARTBEAT_KERNEL_FILE
#endif
hartbeat_kernel_end:
  .section .note.GNU-stack, "", @progbits
