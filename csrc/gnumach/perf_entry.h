/*
 * What the entry thunks' handlers keep from event to event.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ENTRY_H_
#define _PERF_ENTRY_H_

/* Before an enable, which no interrupt is in the middle of. */
void perf_entries_clear(void);

#endif /* _PERF_ENTRY_H_ */
