/*
 * What stubs compiled for the kernel expect of it: opaque objects, and ports
 * that are their objects' addresses.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_KERNEL_OBJECTS_H_
#define _CONFORMANCE_KERNEL_OBJECTS_H_

#include <stdint.h>
#include <string.h>

#include <mach/message.h>
#include <mach/mach_types.h>

#include <kernel_types.h>
#include <runner.h>

typedef mach_port_t *task_array_t;
typedef mach_port_t *thread_array_t;
typedef mach_port_t *processor_array_t;
typedef mach_port_t *processor_name_array_t;
typedef mach_port_t *processor_set_array_t;
typedef mach_port_t *processor_set_name_array_t;
typedef vm_offset_t *emulation_vector_t;
typedef unsigned short io_port_t;

#define IP_NULL ((ipc_port_t)0)
#define IP_DEAD ((ipc_port_t)-1)
#define IP_VALID(port) ((port) != IP_NULL && (port) != IP_DEAD)

/* Of any type: vm_types.h turns conversions of sizes into it. */
#define null_conversion(value) (value)

#define PORT_IS_OBJECT(type, from_port)                            \
	static inline type from_port(ipc_port_t port)              \
	{                                                          \
		return (type)port;                                 \
	}
#define OBJECT_IS_PORT(type, to_port)                              \
	static inline ipc_port_t to_port(type object)              \
	{                                                          \
		return (ipc_port_t)object;                         \
	}
#define REFERENCE(type, deallocate)                                \
	static inline void deallocate(type object)                 \
	{                                                          \
		runner_drop(#type, object);                        \
	}

PORT_IS_OBJECT(host_t, convert_port_to_host)
PORT_IS_OBJECT(host_t, convert_port_to_host_priv)
PORT_IS_OBJECT(task_t, convert_port_to_task)
PORT_IS_OBJECT(thread_t, convert_port_to_thread)
PORT_IS_OBJECT(ipc_space_t, convert_port_to_space)
PORT_IS_OBJECT(vm_map_t, convert_port_to_map)
PORT_IS_OBJECT(processor_t, convert_port_to_processor)
PORT_IS_OBJECT(processor_t, convert_port_to_processor_name)
PORT_IS_OBJECT(processor_set_t, convert_port_to_pset)
PORT_IS_OBJECT(processor_set_t, convert_port_to_pset_name)
PORT_IS_OBJECT(vm_object_t, vm_object_lookup)
PORT_IS_OBJECT(vm_object_t, vm_object_lookup_name)
PORT_IS_OBJECT(device_t, dev_port_lookup)
PORT_IS_OBJECT(io_perm_t, convert_port_to_io_perm)

OBJECT_IS_PORT(host_t, convert_host_to_port)
OBJECT_IS_PORT(task_t, convert_task_to_port)
OBJECT_IS_PORT(thread_t, convert_thread_to_port)
OBJECT_IS_PORT(processor_t, convert_processor_to_port)
OBJECT_IS_PORT(processor_t, convert_processor_name_to_port)
OBJECT_IS_PORT(processor_set_t, convert_pset_to_port)
OBJECT_IS_PORT(processor_set_t, convert_pset_name_to_port)
OBJECT_IS_PORT(device_t, convert_device_to_port)
OBJECT_IS_PORT(io_perm_t, convert_io_perm_to_port)

REFERENCE(task_t, task_deallocate)
REFERENCE(thread_t, thread_deallocate)
REFERENCE(ipc_space_t, space_deallocate)
REFERENCE(vm_map_t, vm_map_deallocate)
REFERENCE(vm_object_t, vm_object_deallocate)
REFERENCE(processor_set_t, pset_deallocate)
REFERENCE(io_perm_t, io_perm_deallocate)
REFERENCE(ipc_port_t, ipc_port_release_send)

#undef PORT_IS_OBJECT
#undef OBJECT_IS_PORT
#undef REFERENCE

/* Declared, not defined, by a header of the device interface. */
extern void device_deallocate(device_t device);

static inline boolean_t ipc_port_check_circularity(ipc_port_t port, ipc_port_t destination)
{
	(void)port;
	(void)destination;
	return FALSE;
}

extern mach_msg_return_t mach_msg_rpc_from_kernel(mach_msg_header_t *message,
						  mach_msg_size_t send_size,
						  mach_msg_size_t reply_size);
extern mach_msg_return_t mach_msg_send_from_kernel(mach_msg_header_t *message,
						   mach_msg_size_t send_size);

#endif /* _CONFORMANCE_KERNEL_OBJECTS_H_ */
