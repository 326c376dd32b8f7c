/*
 * What an interface of 2022 is compiled with that Mach's headers have lost since.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_FORMER_H_
#define _CONFORMANCE_FORMER_H_

typedef char kernel_boot_info_t[4096];

#ifdef KERNEL
/* Of kern/host.h, for the server. */
struct host;
extern int host_get_boot_info(struct host *host, kernel_boot_info_t boot_info);
#endif

#endif /* _CONFORMANCE_FORMER_H_ */
