/*
 * The C types of service_types.defs.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _SERVICE_TYPES_H_
#define _SERVICE_TYPES_H_

#include <mach/mach_types.h>

typedef mach_port_t service_t;
typedef char *data_t;
typedef const char *const_data_t;
typedef char data_in_t[2048];
typedef char string_t[1024];
typedef const char *const_string_t;
typedef mach_port_t *rights_t;
typedef const mach_port_t *const_rights_t;
typedef struct { int seconds, nanoseconds; } times_t;

#endif /* _SERVICE_TYPES_H_ */
