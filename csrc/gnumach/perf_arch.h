/*
 * What differs between the architectures of the hooks: what an entry thunk
 * leaves for its handler, and what an interrupt has saved.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ARCH_H_
#define _PERF_ARCH_H_

#if defined(__x86_64__)
#include "perf_arch_x86_64.h"
#elif defined(__i386__)
#include "perf_arch_i386.h"
#else
#error "GNU Mach's hooks are made for i386 and x86_64"
#endif

#endif /* _PERF_ARCH_H_ */
