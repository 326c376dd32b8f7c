/*
 * Declaring a wrapped function: its calls reach __wrap_function, which calls
 * __real_function; and a handler that a thunk calls.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_HOOKS_H_
#define _PERF_HOOKS_H_

#define PERF_WRAP(type, function, arguments)	\
	type __real_##function arguments;	\
	type __wrap_##function arguments;	\
	type __wrap_##function arguments

#define PERF_HANDLER __attribute__((regparm(1), used))

#endif /* _PERF_HOOKS_H_ */
