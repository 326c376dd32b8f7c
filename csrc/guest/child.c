/*
 * A second task; see child.h.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "child.h"

#include "mach.h"
#include "mach_port.h"

kern_return_t child_create(mach_port_t *task)
{
	return task_create(mach_task_self(), TRUE, task);
}

kern_return_t child_give_receiver(mach_port_t task, mach_port_t port)
{
	return mach_port_insert_right(task, port, port, MACH_MSG_TYPE_MOVE_RECEIVE);
}

kern_return_t child_give_sender(mach_port_t task, mach_port_t port)
{
	return mach_port_insert_right(task, port, port, MACH_MSG_TYPE_MAKE_SEND);
}

kern_return_t child_run(mach_port_t task, union guest_stack *stack, mach_port_t *thread)
{
	kern_return_t result = guest_thread_prepare_in(task, stack, thread);

	return result == KERN_SUCCESS ? thread_resume(*thread) : result;
}

kern_return_t child_end(mach_port_t task, mach_port_t thread)
{
	kern_return_t result = task_terminate(task);

	mach_port_destroy(mach_task_self(), task);
	mach_port_destroy(mach_task_self(), thread);
	return result;
}
