/*
 * Work with exceptions: a thread meets an instruction that there is not, then
 * memory that there is not, and goes on behind each.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/exception.h>
#include <mach/mig_errors.h>
#include <mach/thread_special_ports.h>

#include "exc_server.h"
#include "mach.h"
#include "mach_port.h"
#include "perf_workload_server.h"
#include "registers.h"
#include "runtime.h"

#define MESSAGE_MAX 1024
#define CAUSE_SIZE 2 /* of each instruction, in bytes */
#define NOWHERE 0x3ffff000u

boolean_t exc_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static union guest_stack victim_stack;
static mach_port_t exception_port;
static boolean_t is_last;

static void victim(void)
{
	uint32_t found;

	for (;;) {
		__asm__ volatile("ud2");
		__asm__ volatile("movl (%1), %0" : "=a"(found) : "a"((uintptr_t)NOWHERE));
	}
}

static kern_return_t skip_cause(mach_port_t thread)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	kern_return_t result;

	result = thread_get_state(thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, &count);
	if (result != KERN_SUCCESS)
		return result;
	guest_registers_skip(&state, CAUSE_SIZE);
	return thread_set_state(thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, count);
}

/* The last exception is not answered: its thread is ended while it waits. */
kern_return_t catch_exception_raise(mach_port_t port, mach_port_t thread, mach_port_t task,
				    integer_t exception, integer_t code, rpc_long_integer_t subcode)
{
	kern_return_t result = KERN_FAILURE;

	(void)port, (void)code, (void)subcode;
	if (is_last)
		result = thread_terminate(thread);
	else if (exception == EXC_BAD_INSTRUCTION || exception == EXC_BAD_ACCESS)
		result = skip_cause(thread);
	mach_port_deallocate(mach_task_self(), thread);
	mach_port_deallocate(mach_task_self(), task);
	return result;
}

static kern_return_t answer_exception(void)
{
	union {
		mach_msg_header_t header;
		mig_reply_header_t reply;
		unsigned char bytes[MESSAGE_MAX];
	} request, reply;
	mach_msg_return_t result;

	result = mach_msg(&request.header, MACH_RCV_MSG, 0, sizeof(request), exception_port,
			  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS)
		return result;
	if (!exc_server(&request.header, &reply.header))
		return KERN_FAILURE;
	if (is_last)
		return mach_port_deallocate(mach_task_self(), reply.header.msgh_remote_port);
	result = mach_msg(&reply.header, MACH_SEND_MSG, reply.header.msgh_size, 0, MACH_PORT_NULL,
			  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	return result != MACH_MSG_SUCCESS ? result : reply.reply.RetCode;
}

kern_return_t serve_workload_exceptions(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t thread;
	kern_return_t result;

	(void)server;
	*done = 0;
	result = guest_port_create(&exception_port);
	if (result == KERN_SUCCESS)
		result = guest_thread_prepare(&victim_stack, victim, &thread);
	if (result != KERN_SUCCESS)
		return result;
	result = thread_set_special_port(thread, THREAD_EXCEPTION_PORT, exception_port);
	if (result == KERN_SUCCESS)
		result = thread_resume(thread);
	for (is_last = FALSE; *done < count && result == KERN_SUCCESS;
	     *done += result == KERN_SUCCESS) {
		result = answer_exception();
		if (result == KERN_SUCCESS)
			result = answer_exception();
	}
	is_last = TRUE;
	if (result == KERN_SUCCESS)
		result = answer_exception();
	mach_port_destroy(mach_task_self(), thread);
	mach_port_destroy(mach_task_self(), exception_port);
	return result;
}
