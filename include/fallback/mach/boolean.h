/*
 * Mach's truth value.  For builds without GNU Mach's headers, like all of
 * include/fallback: only what our stubs and the embedded host need.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_BOOLEAN_H_
#define _MACH_BOOLEAN_H_

typedef int boolean_t;

#define TRUE ((boolean_t)1)
#define FALSE ((boolean_t)0)

#endif /* _MACH_BOOLEAN_H_ */
