/*
 * The shape of the table of activities, for C and for the assembler.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ACTIVITIES_H_
#define _PERF_ACTIVITIES_H_

#define PERF_ACTIVITIES 1024 /* a power of two */

/* The first place of a key is what is left of ((key >> 4) * this) >> 16. */
#define PERF_ACTIVITY_HASH 0x9e3779b1

#endif /* _PERF_ACTIVITIES_H_ */
