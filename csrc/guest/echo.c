/*
 * Work between two tasks: a message there and back.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "child.h"
#include "mach_port.h"
#include "perf_workload_server.h"

#define FIRST_ID 4980
#define ECHOED 1

static union guest_stack echo_stack;
static mach_port_t echo_port; /* the other task's, once it has been given */
static mach_port_t reply_port;

/* The other task: every message goes back where it says. */
static void echo(void)
{
	mach_msg_header_t message;
	mach_msg_option_t options = MACH_RCV_MSG;

	for (;;) {
		if (mach_msg(&message, options, sizeof(message), sizeof(message), echo_port,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS) {
			options = MACH_RCV_MSG;
			continue;
		}
		message.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0);
		message.msgh_local_port = MACH_PORT_NULL;
		message.msgh_id += ECHOED;
		options = MACH_SEND_MSG | MACH_RCV_MSG;
	}
}

static kern_return_t there_and_back(mach_msg_id_t id)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_size = sizeof(message),
		.msgh_remote_port = echo_port,
		.msgh_local_port = reply_port,
		.msgh_id = id,
	};
	mach_msg_return_t result;

	result = mach_msg(&message, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(message), sizeof(message),
			  reply_port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS)
		return result;
	return message.msgh_id == id + ECHOED ? KERN_SUCCESS : KERN_FAILURE;
}

kern_return_t serve_workload_pingpong(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t task, thread = MACH_PORT_NULL;
	kern_return_t result;

	(void)server;
	*done = 0;
	if (reply_port == MACH_PORT_NULL)
		reply_port = mach_reply_port();
	result = guest_port_create(&echo_port);
	if (result != KERN_SUCCESS)
		return result;
	guest_thread_function(&echo_stack, echo);
	result = child_create(&task);
	if (result == KERN_SUCCESS) {
		result = child_give_receiver(task, echo_port);
		if (result == KERN_SUCCESS)
			result = child_run(task, &echo_stack, &thread);
		for (; *done < count && result == KERN_SUCCESS; *done += result == KERN_SUCCESS)
			result = there_and_back(FIRST_ID);
		child_end(task, thread);
	}
	mach_port_destroy(mach_task_self(), echo_port);
	return result;
}
