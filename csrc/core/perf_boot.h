/*
 * Recording from boot: the word perf=... of a kernel's command line.
 *
 *	perf=on
 *	perf=events:IPC_SEND+PAGE_FAULT,rate:0,buffer:32768,mode:stop
 *
 * Items are separated by commas and each may be left out.  perf=off is as none.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_BOOT_H_
#define _PERF_BOOT_H_

#include "perf_analysis.h"

/* Room for an item of the command line, as it is told to complain(). */
#define PERF_BOOT_ITEM 48

/*
 * Configure as the command line says and enable.  What cannot be understood is
 * told, by the item and why, and left out.
 */
void perf_boot(const char *command_line, void (*complain)(const char *item, const char *why));

#endif /* _PERF_BOOT_H_ */
