/*
 * The shape of the trap entries, for C and for the assembler.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_TRAP_ENTRIES_H_
#define _PERF_TRAP_ENTRIES_H_

#define PERF_TRAPS_MAX 192
#define PERF_TRAP_ENTRY_SIZE 8 /* a push of a byte and a near jump are 7 */

/* Where an entry finds what it writes of struct perf_activity, on i386. */
#define PERF_ACTIVITY_CALL 16
#define PERF_ACTIVITY_TRAP 28

#endif /* _PERF_TRAP_ENTRIES_H_ */
