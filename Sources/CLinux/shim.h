#pragma once

// Declared here: <sys/prctl.h> would bring types with it that Swift then takes for this module's.
extern int prctl(int option, ...);

// Keeps the process's memory out of core dumps and from other processes of the same user; 0 when it worked.
// (Swift cannot call a function with a variable number of arguments.) 4 is PR_SET_DUMPABLE.
static inline int clinux_forbid_dumps(void) { return prctl(4, 0UL, 0UL, 0UL, 0UL); }
