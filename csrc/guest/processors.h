/*
 * Processors beside the one that everything runs on by default.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_PROCESSORS_H_
#define _GUEST_PROCESSORS_H_

#include <mach/mach_types.h>

/*
 * Have a thread run on the other processors from now on, if there are any.
 * GNU Mach has them in a processor set of their own, in which no task is.
 */
kern_return_t guest_run_elsewhere(mach_port_t thread);

#endif /* _GUEST_PROCESSORS_H_ */
