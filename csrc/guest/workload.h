/*
 * The workload server (perf_workload.defs): a thread of the boot task.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_WORKLOAD_H_
#define _GUEST_WORKLOAD_H_

#include <mach/kern_return.h>
#include <mach/port.h>

/* Start the server's thread; *port gets a send right to its port. */
kern_return_t workload_start(mach_port_t *port);

#endif /* _GUEST_WORKLOAD_H_ */
