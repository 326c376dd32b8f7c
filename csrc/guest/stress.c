/*
 * Work that breaks off what threads wait for, or fails.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/notify.h>

#include "child.h"
#include "mach.h"
#include "mach_port.h"
#include "pager.h"
#include "perf_workload_server.h"

#define CROWD 16
#define CROWD_WAIT_MS 20 /* until all that can have answered */
#define WAITING_ID 4984
#define OBJECT_AT 0x60000000u /* where a dying task has its object */
#define ARRIVED_ID 4985
#define REFUSED_ID 4986
#define NOWHERE 16 /* an address without memory */

static mach_port_t own_port;

static kern_return_t ensure_own_port(void)
{
	return own_port != MACH_PORT_NULL ? KERN_SUCCESS : guest_port_create(&own_port);
}

/* Say something to own_port, and wait at another one. */
static mach_msg_return_t say_and_wait(mach_msg_id_t what, mach_port_t where)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof(message),
		.msgh_remote_port = own_port,
		.msgh_id = what,
	};

	return mach_msg(&message, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(message), sizeof(message),
			where, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

/* Waiting that is interrupted. */

static union guest_stack waiter_stack;
static mach_port_t quiet_port;

static void wait_again_and_again(void)
{
	for (mach_msg_return_t result = MACH_MSG_SUCCESS;;)
		result = say_and_wait(result, quiet_port);
}

static kern_return_t interrupt_waiting(mach_port_t thread)
{
	kern_return_t result = thread_suspend(thread);

	if (result == KERN_SUCCESS)
		result = thread_resume(thread);
	if (result == KERN_SUCCESS)
		result = thread_suspend(thread);
	if (result == KERN_SUCCESS)
		result = thread_abort(thread);
	if (result == KERN_SUCCESS)
		result = thread_resume(thread);
	return result == KERN_SUCCESS ? guest_hear(own_port, MACH_RCV_INTERRUPTED) : result;
}

kern_return_t serve_workload_interruptions(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t thread;
	kern_return_t result = ensure_own_port();

	(void)server;
	*done = 0;
	if (quiet_port == MACH_PORT_NULL)
		quiet_port = mach_reply_port();
	if (result == KERN_SUCCESS)
		result = guest_thread_prepare(&waiter_stack, wait_again_and_again, &thread);
	if (result != KERN_SUCCESS)
		return result;
	result = thread_resume(thread);
	if (result == KERN_SUCCESS)
		result = guest_hear(own_port, MACH_MSG_SUCCESS);
	for (; *done < count && result == KERN_SUCCESS; *done += result == KERN_SUCCESS)
		result = interrupt_waiting(thread);
	thread_terminate(thread);
	mach_port_destroy(mach_task_self(), thread);
	return result;
}

/* Tasks that end while their threads wait. */

static union guest_stack receiver_stack, toucher_stack, unborn_stack;

static void wait_for_ever(void)
{
	say_and_wait(WAITING_ID, mach_reply_port());
}

static void touch_object(void)
{
	(void)*(volatile uint32_t *)OBJECT_AT;
}

/* KERN_FAILURE: the kernel asked for something else. */
static kern_return_t expect_of_pager(mach_port_t object, mach_msg_id_t what)
{
	mach_msg_id_t id;
	kern_return_t result = pager_serve(object, TRUE, &id);

	return result == KERN_SUCCESS && id != what ? KERN_FAILURE : result;
}

static kern_return_t end_and_await(mach_port_t task, mach_port_t object)
{
	mach_dead_name_notification_t notification;
	mach_port_t previous;
	kern_return_t result;

	result = mach_port_request_notification(mach_task_self(), task, MACH_NOTIFY_DEAD_NAME, 0,
						own_port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (result == KERN_SUCCESS)
		result = task_terminate(task);
	if (result == KERN_SUCCESS)
		result = mach_msg(&notification.not_header, MACH_RCV_MSG, 0, sizeof(notification),
				  own_port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	return result == KERN_SUCCESS ? expect_of_pager(object, PAGER_TERMINATE) : result;
}

static kern_return_t die_waiting(mach_port_t task, mach_port_t object, mach_port_t threads[3])
{
	vm_address_t address = OBJECT_AT;
	kern_return_t result;

	result = child_give_sender(task, own_port);
	if (result == KERN_SUCCESS)
		result = vm_map(task, &address, GUEST_PAGE_SIZE, 0, FALSE, object, 0, FALSE,
				VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE);
	if (result == KERN_SUCCESS)
		result = expect_of_pager(object, PAGER_INIT);
	if (result == KERN_SUCCESS)
		result = child_run(task, &receiver_stack, &threads[0]);
	if (result == KERN_SUCCESS)
		result = guest_hear(own_port, WAITING_ID);
	if (result == KERN_SUCCESS)
		result = child_run(task, &toucher_stack, &threads[1]);
	if (result == KERN_SUCCESS)
		result = expect_of_pager(object, PAGER_DATA_REQUEST);
	if (result == KERN_SUCCESS)
		result = guest_thread_prepare_in(task, &unborn_stack, &threads[2]);
	return result == KERN_SUCCESS ? end_and_await(task, object) : result;
}

static kern_return_t one_death(void)
{
	mach_port_t task, object, threads[3] = {MACH_PORT_NULL, MACH_PORT_NULL, MACH_PORT_NULL};
	kern_return_t result;

	result = guest_port_create(&object);
	if (result == KERN_SUCCESS)
		result = child_create(&task);
	if (result != KERN_SUCCESS)
		return result;
	result = die_waiting(task, object, threads);
	if (result != KERN_SUCCESS)
		task_terminate(task);
	for (uint32_t at = 0; at < 3; at++)
		mach_port_destroy(mach_task_self(), threads[at]);
	mach_port_destroy(mach_task_self(), task);
	mach_port_destroy(mach_task_self(), object);
	return result;
}

kern_return_t serve_workload_deaths(mach_port_t server, uint32_t count, uint32_t *done)
{
	kern_return_t result = ensure_own_port();

	(void)server;
	guest_thread_function(&receiver_stack, wait_for_ever);
	guest_thread_function(&toucher_stack, touch_object);
	guest_thread_function(&unborn_stack, wait_for_ever);
	for (*done = 0; *done < count && result == KERN_SUCCESS; *done += result == KERN_SUCCESS)
		result = one_death();
	return result;
}

/* Many that are woken at once. */

static union guest_stack crowd_stacks[CROWD];
static mach_port_t crowd_ports[CROWD];

/* Which of the crowd a thread is, its stack says. */
static void be_one_of_the_crowd(void)
{
	uint32_t which = 0;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	while (here - (uintptr_t)&crowd_stacks[which] >= sizeof(crowd_stacks[which]))
		which++;
	for (;;)
		say_and_wait(WAITING_ID, crowd_ports[which]);
}

static kern_return_t hear_crowd(void)
{
	kern_return_t result = KERN_SUCCESS;

	for (uint32_t at = 0; at < CROWD && result == KERN_SUCCESS; at++)
		result = guest_hear(own_port, WAITING_ID);
	return result;
}

static kern_return_t wake_crowd(void)
{
	for (uint32_t at = 0; at < CROWD; at++) {
		mach_msg_header_t message = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_size = sizeof(message),
			.msgh_remote_port = crowd_ports[at],
			.msgh_id = WAITING_ID,
		};
		mach_msg_return_t result;

		result = mach_msg(&message, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL,
				  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		if (result != MACH_MSG_SUCCESS)
			return result;
	}
	guest_sleep(CROWD_WAIT_MS);
	return hear_crowd();
}

static kern_return_t gather_crowd(mach_port_t threads[CROWD])
{
	kern_return_t result = KERN_SUCCESS;

	for (uint32_t at = 0; at < CROWD && result == KERN_SUCCESS; at++) {
		result = guest_port_create(&crowd_ports[at]);
		if (result == KERN_SUCCESS)
			result = guest_thread_prepare(&crowd_stacks[at], be_one_of_the_crowd,
						      &threads[at]);
		if (result == KERN_SUCCESS)
			result = thread_resume(threads[at]);
	}
	return result == KERN_SUCCESS ? hear_crowd() : result;
}

kern_return_t serve_workload_crowds(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t threads[CROWD] = {MACH_PORT_NULL};
	kern_return_t result = ensure_own_port();

	(void)server;
	*done = 0;
	if (result == KERN_SUCCESS)
		result = gather_crowd(threads);
	for (; *done < count && result == KERN_SUCCESS; *done += result == KERN_SUCCESS)
		result = wake_crowd();
	for (uint32_t at = 0; at < CROWD; at++) {
		if (threads[at] == MACH_PORT_NULL)
			continue;
		thread_terminate(threads[at]);
		mach_port_destroy(mach_task_self(), threads[at]);
		mach_port_destroy(mach_task_self(), crowd_ports[at]);
	}
	return result;
}

/* Messages that do not arrive. */

static mach_msg_return_t send_at_once(mach_port_t port, mach_msg_id_t what)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof(message),
		.msgh_remote_port = port,
		.msgh_id = what,
	};

	return mach_msg(&message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(message), 0,
			MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

/* What is not sent comes back, with a reference to the right that it had. */
static kern_return_t fail_both_ways(mach_port_t port)
{
	if (send_at_once(port, ARRIVED_ID) != MACH_MSG_SUCCESS
	    || send_at_once(port, REFUSED_ID) != MACH_SEND_TIMED_OUT
	    || mach_msg((mach_msg_header_t *)NOWHERE, MACH_RCV_MSG, 0, sizeof(mach_msg_header_t),
			port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_RCV_INVALID_DATA)
		return KERN_FAILURE;
	return mach_port_deallocate(mach_task_self(), port);
}

kern_return_t serve_workload_failures(mach_port_t server, uint32_t count, uint32_t *done)
{
	mach_port_t port;
	kern_return_t result = guest_port_create(&port);

	(void)server;
	*done = 0;
	if (result == KERN_SUCCESS)
		result = mach_port_set_qlimit(mach_task_self(), port, 1);
	for (; *done < count && result == KERN_SUCCESS; *done += result == KERN_SUCCESS)
		result = fail_both_ways(port);
	mach_port_destroy(mach_task_self(), port);
	return result;
}
