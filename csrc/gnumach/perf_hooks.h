/*
 * Declaring a wrapped function: its calls reach __wrap_function, which calls
 * __real_function.  A handler that a thunk calls is a PERF_HANDLER.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_HOOKS_H_
#define _PERF_HOOKS_H_

#include "perf_arch.h"

#define PERF_WRAP(type, function, arguments)	\
	type __real_##function arguments;	\
	type __wrap_##function arguments;	\
	type __wrap_##function arguments

#endif /* _PERF_HOOKS_H_ */
