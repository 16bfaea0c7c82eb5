#pragma once

// Declared here: <sys/prctl.h> would bring types with it that Swift then takes for this module's.
extern int prctl(int option, ...);

// Keeps the process's memory out of core dumps and from other processes of the same user; 0 when it worked.
// (Swift cannot call a function with a variable number of arguments.) 4 is PR_SET_DUMPABLE.
static inline int clinux_forbid_dumps(void) { return prctl(4, 0UL, 0UL, 0UL, 0UL); }

extern int mallopt(int parameter, int value);

// Has blocks of 256 KiB and more given back to the system when they are freed, and what is at the end of the heap.
// Without it the GNU C library raises that size to the largest block it has seen, and keeps what was freed in a pool for
// each thread. -3, -1 and -8 are M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_ARENA_MAX: mallopt(3).
static inline void clinux_return_memory(void) {
  mallopt(-3, 256 * 1024);
  mallopt(-1, 256 * 1024);
  mallopt(-8, 2);
}

extern int sync_file_range(int descriptor, long long offset, long long count, unsigned int flags);

// Has the disk begin with a stretch of a file, and does not wait for it. 2 is SYNC_FILE_RANGE_WRITE: sync_file_range(2).
static inline void clinux_start_writing(int descriptor, long long offset, long long count) {
  sync_file_range(descriptor, offset, count, 2);
}
