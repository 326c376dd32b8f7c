/*
 * What mig/rpc/transports/mach.py uses of the Hurd's libc, over the embedded
 * host's ports: so the code that runs on the Hurd runs where there is none.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "embedded_host.h"
#include "embedded_message.h"

#define EXPORT __attribute__((visibility("default")))

/* Everything else is compiled with the embedded host's own mach_msg renamed. */
#undef mach_msg

/* Not among the headers of the embedded host. */
#define RCV_INTERRUPT 0x400
#define RCV_INTERRUPTED 0x10004005
#define SEND_INVALID_NOTIFY 0x1000000b

/* What a test sets: there is no privilege, or a null port of it; so many receives are
   interrupted. */
EXPORT int test_no_privilege, test_null_privilege, test_interrupts;
EXPORT int test_deallocated, test_reply_ports;

static struct embedded_ports ports;

__attribute__((constructor)) static void
start(void)
{
	if (embedded_start(&ports) != KERN_SUCCESS)
		abort();
}

EXPORT mach_msg_return_t
mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send_size,
	 mach_msg_size_t rcv_size, mach_port_name_t rcv_name, mach_msg_timeout_t timeout,
	 mach_port_name_t notify)
{
	struct message_trap trap = {
		.option = option & ~RCV_INTERRUPT, .send = msg, .send_size = send_size,
		.receive = msg, .receive_size = rcv_size, .receive_name = rcv_name,
		.timeout = timeout,
	};

	if (notify != MACH_PORT_NULL)
		return SEND_INVALID_NOTIFY;
	if (option & RCV_INTERRUPT && option & MACH_RCV_MSG && test_interrupts > 0) {
		mach_msg_return_t mr = MACH_MSG_SUCCESS;

		test_interrupts--;
		trap.option &= ~MACH_RCV_MSG;
		if (option & MACH_SEND_MSG)
			mr = message_trap(&trap);
		return mr != MACH_MSG_SUCCESS ? mr : RCV_INTERRUPTED;
	}
	return message_trap(&trap);
}

EXPORT mach_port_t
mach_reply_port(void)
{
	test_reply_ports++;
	return embedded_port_allocate();
}

EXPORT mach_port_t
mach_host_self(void)
{
	return ports.host;
}

EXPORT mach_port_t
mach_task_self(void)
{
	return 1;
}

EXPORT int
get_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master)
{
	if (test_no_privilege)
		return 0x40000001; /* EPERM of the Hurd */
	*host_priv = test_null_privilege ? MACH_PORT_NULL : ports.host_priv;
	if (device_master != NULL)
		*device_master = MACH_PORT_NULL;
	return 0;
}

EXPORT int
vm_deallocate(mach_port_t task, uintptr_t address, uintptr_t size)
{
	if (task != 1 || size == 0)
		return KERN_INVALID_ARGUMENT;
	test_deallocated++;
	embedded_free((void *)address);
	return KERN_SUCCESS;
}

EXPORT int
mach_port_destroy(mach_port_t task, mach_port_t name)
{
	if (task != 1)
		return KERN_INVALID_ARGUMENT;
	test_reply_ports--;
	embedded_port_destroy(name);
	return KERN_SUCCESS;
}

/* Offered by no Hurd, but by the hosts that tests talk to. */
EXPORT mach_port_t
test_workload_port(void)
{
	return ports.workload;
}
