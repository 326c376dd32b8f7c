/*
 * The C types of beyond.defs.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _BEYOND_H_
#define _BEYOND_H_

#include <mach/port.h>

typedef mach_port_t four_t[4];
typedef const mach_port_t *const_four_t;
typedef mach_port_t some_t[6];
typedef const mach_port_t *const_some_t;
typedef mach_port_t given_t[3];
typedef mach_port_t made_t[2];

#endif /* _BEYOND_H_ */
