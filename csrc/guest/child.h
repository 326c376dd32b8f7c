/*
 * A second task: a copy of this one's memory, with a thread of its own.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_CHILD_H_
#define _GUEST_CHILD_H_

#include "runtime.h"

/*
 * Create a task with a copy of this one's memory, as it is now, and no port
 * but its own.
 */
kern_return_t child_create(mach_port_t *task);

/*
 * Move the right to receive at port into the task, or make it one to send
 * there, under the same name.
 */
kern_return_t child_give_receiver(mach_port_t task, mach_port_t port);
kern_return_t child_give_sender(mach_port_t task, mach_port_t port);

/*
 * Let a thread run in the task on its copy of stack, of which
 * guest_thread_function said before what runs there.
 */
kern_return_t child_run(mach_port_t task, union guest_stack *stack, mach_port_t *thread);

/* End the task, and forget it and a thread of it. */
kern_return_t child_end(mach_port_t task, mach_port_t thread);

#endif /* _GUEST_CHILD_H_ */
