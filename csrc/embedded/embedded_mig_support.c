/*
 * What generated stubs call: reply ports, memory, strings.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/mig_support.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "embedded_ports.h"

/* Each thread has a reply port, until a call on it failed or the thread ends. */
static __thread mach_port_t reply_port;

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static void
thread_ends(void *port)
{
	port_destroy(task_space, (mach_port_t)(uintptr_t)port);
}

static void
make_end_key(void)
{
	pthread_key_create(&end_key, thread_ends);
}

mach_port_t
mig_get_reply_port(void)
{
	if (reply_port == MACH_PORT_NULL) {
		reply_port = port_allocate(task_space, NULL);
		pthread_once(&end_once, make_end_key);
		pthread_setspecific(end_key, (void *)(uintptr_t)reply_port);
	}
	return reply_port;
}

void
mig_put_reply_port(mach_port_t port)
{
	(void)port;
}

void
mig_dealloc_reply_port(mach_port_t port)
{
	port_destroy(task_space, port);
	if (port == reply_port) {
		reply_port = MACH_PORT_NULL;
		pthread_setspecific(end_key, NULL);
	}
}

void
mig_allocate(vm_address_t *address, vm_size_t size)
{
	*address = (vm_address_t)malloc(size);
}

void
mig_deallocate(vm_address_t address, vm_size_t size)
{
	(void)size;
	free((void *)address);
}

vm_size_t
mig_strncpy(char *to, const char *from, vm_size_t size)
{
	vm_size_t length = 0;

	if (size == 0)
		return 0;
	for (; length < size - 1 && from[length] != 0; length++)
		to[length] = from[length];
	memset(to + length, 0, size - length);
	return length;
}
