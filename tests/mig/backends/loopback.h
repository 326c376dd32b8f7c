/*
 * The C types of loopback.defs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <stdint.h>

#include <mach/message.h>
#include <mach/std_types.h>

typedef int loop_fixed_t[3];
typedef int loop_bounded_t[10];
typedef char loop_bytes_t[64];
typedef int *loop_any_t;
typedef const int *const_loop_any_t;
typedef int *loop_far_t;
typedef char loop_name_t[32];
typedef const char *const_loop_name_t;
typedef char loop_text_t[128];
typedef const char *const_loop_text_t;

typedef struct {
	int first;
	uint64_t second;
} loop_pair_t;

typedef loop_pair_t loop_pairs_t[4];
typedef mach_port_t *loop_ports_t;
typedef const mach_port_t *const_loop_ports_t;
typedef mach_port_t loop_port_pair_t[2];

typedef struct loop_object *loop_object_t;

extern loop_object_t object_of_port(mach_port_t port);
extern mach_port_t port_of_object(loop_object_t object);
extern void object_release(loop_object_t object);

#endif
