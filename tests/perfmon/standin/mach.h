/*
 * What examples/c_client uses of the Hurd's <mach.h>, where there is no Hurd.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mig_errors.h>
#include <mach/port.h>

mach_port_t mach_host_self(void);
