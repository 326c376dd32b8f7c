/*
 * The C types of kitchen_sink.defs.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _KITCHEN_SINK_H_
#define _KITCHEN_SINK_H_

#include <stdint.h>

#include <mach/port.h>

#include <runner.h>

typedef int ints3_t[3];
typedef int ints10_t[10];
typedef char bytes64_t[64];
typedef int *ints_t;
typedef const int *const_ints_t;
typedef int *ool_ints_t;
typedef const int *const_ool_ints_t;
typedef char text32_t[32];
typedef const char *const_text32_t;
typedef char text128_t[128];
typedef const char *const_text128_t;
typedef mach_port_t *ports_t;
typedef const mach_port_t *const_ports_t;
typedef struct { int x, y; } pair_t;
typedef struct { int cells[2][3]; } grid_t;
typedef mach_port_t *pool_t;
typedef char old_string_t[16];
typedef const char *const_old_string_t;
typedef char numbered_string_t[16];
typedef const char *const_numbered_string_t;
typedef char *chars_t;
typedef const char *const_chars_t;
typedef struct {
	char a;
	short b;
	int c;
	uint64_t d;
} mixed_t;

typedef struct { int x, y, z; } point_t;
typedef point_t points_t[8];
typedef point_t *any_points_t;
typedef const point_t *const_any_points_t;
typedef point_t *far_points_t;
typedef const point_t *const_far_points_t;

typedef int wide_t;
typedef int numbered_t;
typedef short exact_t[2];
typedef char *endless_t;
typedef const char *const_endless_t;
typedef int user_named_t;
typedef int server_named_t;
typedef int short_named_t;

/* A port's object is its name. */
typedef struct object *object_t;

static inline object_t object_of_port(mach_port_t port)
{
	return (object_t)(uintptr_t)port;
}

static inline object_t object_of_payload(uintptr_t payload)
{
	return (object_t)payload;
}

static inline mach_port_t port_of_object(object_t object)
{
	return (uintptr_t)object;
}

static inline void object_drop(object_t object)
{
	runner_drop("object_t", object);
}

typedef int dropped_t;

static inline void value_drop(dropped_t value)
{
	runner_drop("dropped_t", (void *)(uintptr_t)(unsigned int)value);
}

#endif /* _KITCHEN_SINK_H_ */
