/* Numbers from /proc, for programs about memory: no buffering, no memory of its own. */
#ifndef GUEST_PROGRAMS_PROC_NUMBERS_H
#define GUEST_PROGRAMS_PROC_NUMBERS_H

/* The number after `name` in a file of lines "NAME NUMBER": 0 where there is none. /proc/meminfo's are in kB. */
unsigned long proc_number(const char* path, const char* name);
/* Page faults of this process so far. */
unsigned long own_page_faults(void);

#endif
