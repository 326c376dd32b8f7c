/*
 * Declaring a wrapped function: its calls reach __wrap_function, which calls
 * __real_function.  A handler that a thunk calls is a PERF_HANDLER.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_HOOKS_H_
#define _PERF_HOOKS_H_

#include <stdbool.h>
#include <stdint.h>

#include <perf_kernel.h>

#include "perf_arch.h"

#define PERF_WRAP(type, function, arguments)	\
	type PERF_REAL(function) arguments;	\
	type PERF_WRAPPER(function) arguments;	\
	type PERF_WRAPPER(function) arguments

/* The function's name may be a macro. */
#define PERF_REAL(function) PERF_JOIN(__real_, function)
#define PERF_WRAPPER(function) PERF_JOIN(__wrap_, function)
#define PERF_JOIN(prefix, function) PERF_JOIN_NOW(prefix, function)
#define PERF_JOIN_NOW(prefix, function) prefix##function

/*
 * Does the code there belong to a function?  ld --wrap redirects the calls of
 * all other object files, those too that do not matter.
 */
static inline bool
perf_is_within(const void *address, uintptr_t function, uintptr_t size)
{
	return (uintptr_t)address - function < size;
}

#endif /* _PERF_HOOKS_H_ */
