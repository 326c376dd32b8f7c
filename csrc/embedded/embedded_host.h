/*
 * A Mach host inside this process: what Python (through cffi) and the C code of
 * the workload call.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_HOST_H_
#define _EMBEDDED_HOST_H_

#include <stdint.h>

#include <mach/message.h>

/* Names of the host's ports in the kernel's space. */
extern mach_port_t embedded_host, embedded_host_priv;

/* Names in the task's space. */
struct embedded_ports {
	mach_port_t host;
	mach_port_t host_priv;
	mach_port_t workload;
	mach_port_t reply; /* in a request: the calling thread's own reply port */
};

#define EMBEDDED_FOREVER UINT32_MAX

/* The host, which starts when it is first asked for; KERN_* or success. */
kern_return_t embedded_start(struct embedded_ports *ports);

/*
 * Send a request and receive its reply, at most capacity bytes of it.  The
 * reply may hold addresses of memory that embedded_free() takes back.
 * MACH_RCV_TIMED_OUT after so many milliseconds; a reply that comes later is
 * thrown away.
 */
mach_msg_return_t embedded_call(const void *request, uint32_t size, void *reply,
				uint32_t capacity, uint32_t milliseconds);
mach_msg_return_t embedded_send(const void *message, uint32_t size);
mach_msg_return_t embedded_receive(mach_port_t name, void *message, uint32_t capacity,
				   uint32_t milliseconds);
void embedded_free(void *memory);

/* A port of the task's own, with receive and send right; 0: there is no room. */
mach_port_t embedded_port_allocate(void);
void embedded_port_destroy(mach_port_t name);

/* Start the thread that serves a port, and that calls the host in doing so. */
kern_return_t embedded_workload_start(mach_port_t name, mach_port_t host);

#endif /* _EMBEDDED_HOST_H_ */
