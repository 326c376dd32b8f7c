/*
 * The host: its ports, its start, and calls from Python.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_host.h"

#include <pthread.h>
#include <stdlib.h>

#include <mach/mig_support.h>

#include "embedded_clock.h"
#include "embedded_message.h"
#include "perf_analysis.h"
#include "perf_monitor_server.h"
#include "embedded_ports.h"

mach_port_t embedded_host, embedded_host_priv;

extern boolean_t perf_monitor_server(mach_msg_header_t *request,
				     mach_msg_header_t *reply);

static struct embedded_ports offered;
static kern_return_t started;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;

static void
start(void)
{
	embedded_clock_init();
	perf_analysis_init();
	embedded_host = port_allocate(kernel_space, perf_monitor_server);
	embedded_host_priv = port_allocate(kernel_space, perf_monitor_server);
	offered.host = port_give_send(kernel_space, embedded_host, task_space);
	offered.host_priv = port_give_send(kernel_space, embedded_host_priv, task_space);
	offered.workload = port_allocate(task_space, NULL);
	offered.reply = port_allocate(task_space, NULL);
	port_offer(task_space, offered.host);
	port_offer(task_space, offered.host_priv);
	port_offer(task_space, offered.workload);
	started = offered.reply != MACH_PORT_NULL
			  ? embedded_workload_start(offered.workload, offered.host)
			  : KERN_RESOURCE_SHORTAGE;
}

kern_return_t
embedded_start(struct embedded_ports *ports)
{
	pthread_once(&start_once, start);
	*ports = offered;
	return started;
}

mach_msg_return_t
embedded_call(const void *request, uint32_t size, void *reply, uint32_t capacity,
	      uint32_t milliseconds)
{
	const mach_msg_header_t *header = request;
	mach_port_t reply_port;
	mach_msg_return_t mr;

	if (size < sizeof *header)
		return MACH_SEND_MSG_TOO_SMALL;
	reply_port = header->msgh_local_port;
	if (reply_port == offered.reply)
		reply_port = mig_get_reply_port();
	if (reply_port == MACH_PORT_NULL)
		return MACH_SEND_INVALID_REPLY;
	mr = message_trap(&(struct message_trap){
		.option = MACH_SEND_MSG | MACH_RCV_MSG
			  | (milliseconds == EMBEDDED_FOREVER
				     ? 0
				     : MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT),
		.send = header,
		.send_size = size,
		.reply = reply_port,
		.receive = reply,
		.receive_size = capacity,
		.receive_name = reply_port,
		.timeout = milliseconds,
	});
	/* The answer to this call must not be taken for that to another. */
	if (mr != MACH_MSG_SUCCESS && header->msgh_local_port == offered.reply)
		mig_dealloc_reply_port(reply_port);
	return mr;
}

mach_msg_return_t
embedded_send(const void *message, uint32_t size)
{
	return message_trap(&(struct message_trap){
		.option = MACH_SEND_MSG,
		.send = message,
		.send_size = size,
	});
}

mach_msg_return_t
embedded_receive(mach_port_t name, void *message, uint32_t capacity,
		 uint32_t milliseconds)
{
	return message_trap(&(struct message_trap){
		.option = MACH_RCV_MSG
			  | (milliseconds == EMBEDDED_FOREVER ? 0 : MACH_RCV_TIMEOUT),
		.receive = message,
		.receive_size = capacity,
		.receive_name = name,
		.timeout = milliseconds,
	});
}

void
embedded_free(void *memory)
{
	free(memory);
}

mach_port_t
embedded_port_allocate(void)
{
	return port_allocate(task_space, NULL);
}

void
embedded_port_destroy(mach_port_t name)
{
	port_destroy(task_space, name);
}
