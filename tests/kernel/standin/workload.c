/*
 * The work that is counted: the same calls every time.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "kernel.h"

#define MACH_MSG_TRAP 25
#define SEND 1
#define RECEIVE 2
#define FAIL 4

static int message(unsigned size, int id, int option)
{
	struct header message = {.size = size, .id = id};

	return system_call(MACH_MSG_TRAP, (uint32_t)&message, (uint32_t)option, 0, 0);
}

void workload(void)
{
	struct thread *self = percpu_array[0].active_thread, *thread;
	struct task *task;
	uint32_t address;

	message(24, 100, SEND | RECEIVE);     /* queued, received slowly */
	message(26, 101, SEND | RECEIVE);     /* queued, received fast: put back afterwards */
	message(25, 102, SEND | RECEIVE);     /* to the kernel and its reply */
	message(24, -1, SEND);		      /* fails */
	message(24, 103, SEND | FAIL);	      /* given back: no receipt */
	system_call(3, 0, 0, 0, 0);	      /* no such call */

	vm_allocate(0, &address, 4096, 1);
	vm_map(0, &address, 4096, 0, 1, 0, 0, 0, 0, 0, 0);
	vm_deallocate(0, address, 4096);
	vm_deallocate(0, address, 0);
	user_trap(0x1000);
	vm_fault(0, 0x2000, 1, 0, 0, 0);

	task_create_kernel(kernel_task, 0, &task);
	task_create(kernel_task, 0, &task);
	thread_create(task, &thread);
	thread_terminate_release(thread, task, 0, 0, 0, 0);
	kernel_thread(task, "name", 0, 0);
	task_terminate(task);

	thread_terminate(self);		      /* of itself: it dies further down */
	thread_block(0);
	thread_halt_self(0);
	stack_handoff(self, self);
	clock_interrupts();
}
