/*
 * What examples/c_client uses of the Hurd's <hurd.h>, where there is no Hurd.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/port.h>

typedef int error_t;

error_t get_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master);
