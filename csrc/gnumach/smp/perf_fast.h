/*
 * On several processors there is no shorter way than perf_record_usual().
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_FAST_H_
#define _PERF_FAST_H_

#include <stdbool.h>
#include <stdint.h>

#define PERF_HAS_FAST 0

static inline bool
perf_record_fast(uint32_t event, const uint64_t *begun)
{
	(void)event, (void)begun;
	return false;
}

#endif /* _PERF_FAST_H_ */
