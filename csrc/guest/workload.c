/*
 * The workload: known numbers of known operations.  Each operation makes the
 * same kernel calls every time, none in between, so that counts are exact;
 * docs/kernel-counts.md says which.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/mig_errors.h>
#include <mach/notify.h>
#include <mach/perf_monitor.h>

#include "mach.h"
#include "mach_host.h"
#include "mach_port.h"
#include "perf_workload_server.h"
#include "processors.h"
#include "runtime.h"
#include "workload.h"

#define MESSAGE_MAX 8192
#define WORKLOAD_MESSAGE_ID 4999

boolean_t perf_workload_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static union guest_stack server_stack;
static union guest_stack short_lived_stack;

static mach_port_t server_port;
static mach_port_t own_port; /* for messages to ourselves and notifications */

/* The first message has the number, and each the last one's plus step. */
static kern_return_t exchange_messages(uint32_t number, uint32_t step, uint32_t count,
				       uint32_t *done)
{
	mach_msg_header_t message;
	mach_msg_return_t result;

	for (*done = 0; *done < count; ++*done, number += step) {
		message.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
		message.msgh_size = sizeof(message);
		message.msgh_remote_port = own_port;
		message.msgh_local_port = MACH_PORT_NULL;
		message.msgh_seqno = 0;
		message.msgh_id = (mach_msg_id_t)number;
		result = mach_msg(&message, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL,
				  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		if (result == MACH_MSG_SUCCESS)
			result = mach_msg(&message, MACH_RCV_MSG, 0, sizeof(message), own_port,
					  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		if (result != MACH_MSG_SUCCESS)
			return result;
	}
	return KERN_SUCCESS;
}

kern_return_t serve_workload_messages(mach_port_t server, uint32_t count, uint32_t *done)
{
	(void)server;
	return exchange_messages(WORKLOAD_MESSAGE_ID, 0, count, done);
}

kern_return_t serve_workload_numbers(mach_port_t server, uint32_t first, uint32_t count,
				     uint32_t *done)
{
	(void)server;
	return exchange_messages(first, 1, count, done);
}

kern_return_t serve_workload_requests(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t host = mach_host_self();
	time_value_t now;
	kern_return_t result = KERN_SUCCESS;

	(void)server;
	for (*done = 0; *done < count && result == KERN_SUCCESS; ++*done)
		result = host_get_time(host, &now);
	mach_port_deallocate(mach_task_self(), host);
	return result;
}

kern_return_t serve_workload_memory(mach_port_t server, uint32_t count, uint32_t pages,
				    uint32_t *done)
{
	vm_size_t size = pages * GUEST_PAGE_SIZE;
	vm_address_t address;
	kern_return_t result;

	(void)server;
	if (pages == 0 || pages > UINT32_MAX / GUEST_PAGE_SIZE)
		return KERN_INVALID_ARGUMENT;
	for (*done = 0; *done < count; ++*done) {
		address = 0;
		result = vm_allocate(mach_task_self(), &address, size, TRUE);
		if (result != KERN_SUCCESS)
			return result;
		for (vm_size_t at = 0; at < size; at += GUEST_PAGE_SIZE)
			*(volatile uint32_t *)(address + at) = 1;
		result = vm_deallocate(mach_task_self(), address, size);
		if (result != KERN_SUCCESS)
			return result;
	}
	return KERN_SUCCESS;
}

kern_return_t serve_workload_tasks(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t task;
	kern_return_t result = KERN_SUCCESS;

	(void)server;
	for (*done = 0; *done < count && result == KERN_SUCCESS; ++*done) {
		result = task_create(mach_task_self(), FALSE, &task);
		if (result == KERN_SUCCESS)
			result = task_terminate(task);
		if (result == KERN_SUCCESS)
			result = mach_port_destroy(mach_task_self(), task);
	}
	return result;
}

static void short_lived(void)
{
	for (;;)
		thread_terminate(mach_thread_self());
}

/* A thread's port dies with it, and the kernel says so. */
static kern_return_t await_death(mach_port_t thread)
{
	mach_dead_name_notification_t notification;
	mach_port_t previous;
	kern_return_t result;

	result = mach_port_request_notification(mach_task_self(), thread, MACH_NOTIFY_DEAD_NAME, 0,
						own_port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (result == KERN_SUCCESS)
		result = thread_resume(thread);
	if (result != KERN_SUCCESS)
		return result;
	return mach_msg(&notification.not_header, MACH_RCV_MSG, 0, sizeof(notification), own_port,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

kern_return_t serve_workload_threads(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t thread;
	kern_return_t result = KERN_SUCCESS;

	(void)server;
	for (*done = 0; *done < count && result == KERN_SUCCESS; ++*done) {
		result = guest_thread_prepare(&short_lived_stack, short_lived, &thread);
		if (result == KERN_SUCCESS)
			result = await_death(thread);
		if (result == KERN_SUCCESS)
			result = mach_port_destroy(mach_task_self(), thread);
		if (result == KERN_SUCCESS)
			result = guest_stack_release(&short_lived_stack);
	}
	return result;
}

kern_return_t serve_workload_sleep(mach_port_t server, uint32_t milliseconds, uint32_t *done)
{
	(void)server;
	guest_sleep(milliseconds);
	*done = 1;
	return KERN_SUCCESS;
}

/* The kernel times events; a task cannot lengthen them. */
kern_return_t serve_workload_delay(mach_port_t server, uint32_t event, uint32_t nanoseconds)
{
	(void)server, (void)event, (void)nanoseconds;
	return KERN_NOT_SUPPORTED;
}

static void serve_forever(void)
{
	static union {
		mach_msg_header_t header;
		mig_reply_header_t reply;
		unsigned char bytes[MESSAGE_MAX];
	} request, reply;

	for (;;) {
		if (mach_msg(&request.header, MACH_RCV_MSG, 0, sizeof(request), server_port,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			continue;
		perf_workload_server(&request.header, &reply.header);
		if (reply.reply.RetCode != MIG_NO_REPLY)
			mach_msg(&reply.header, MACH_SEND_MSG, reply.header.msgh_size, 0,
				 MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	}
}

kern_return_t workload_start(mach_port_t *port)
{
	mach_port_t thread;
	kern_return_t result;

	own_port = mach_reply_port();
	result = guest_port_create(&server_port);
	if (result == KERN_SUCCESS)
		result = guest_thread_prepare(&server_stack, serve_forever, &thread);
	if (result == KERN_SUCCESS)
		result = guest_run_elsewhere(thread);
	if (result == KERN_SUCCESS)
		result = thread_resume(thread);
	*port = server_port;
	return result;
}
