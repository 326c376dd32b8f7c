/*
 * Recording from boot.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_BOOT_RECORDING_H_
#define _PERF_BOOT_RECORDING_H_

/* Have the command line looked at when it can be done; once, with interrupts off. */
void perf_boot_recording_await(void);

#endif /* _PERF_BOOT_RECORDING_H_ */
