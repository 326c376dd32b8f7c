/*
 * What stubs need of Mach where there is none: mach_msg over a socket to a
 * Python server.  On the Hurd, libc has all of it.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _SOCKET_MACH_H_
#define _SOCKET_MACH_H_

#include <mach/port.h>

/* Connect to a server's Unix socket; the port that it offers under a label.  Ends the program
   when there is none. */
mach_port_t socket_mach_connect(const char *path, const char *label);

#endif /* _SOCKET_MACH_H_ */
