/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel.h"

static struct thread threads[4];
static unsigned next;

int thread_create(struct task *task, struct thread **thread)
{
	*thread = &threads[next++ % 4];
	(*thread)->task = task;
	task->thread = *thread;
	percpu_array[0].cpu_id = 0;
	return 0;
}

struct thread *kernel_thread(struct task *task, const char *name, void (*start)(void), void *argument)
{
	struct thread *thread;

	(void)name, (void)start, (void)argument;
	thread_create(task, &thread);
	return thread;
}

int thread_terminate(struct thread *thread)
{
	if (thread != percpu_array[0].active_thread)
		thread_deallocate(thread);
	return 0;
}

int thread_terminate_release(struct thread *thread, struct task *task, uint32_t name,
			     uint32_t reply, uint32_t address, uint32_t size)
{
	(void)task, (void)name, (void)reply, (void)address, (void)size;
	return thread_terminate(thread);
}

void thread_force_terminate(struct thread *thread)
{
	thread_deallocate(thread);
}

void thread_deallocate(struct thread *thread)
{
	kmem_cache_free(thread_cache, (uint32_t)thread);
}

static void walking_zombie(void)
{
}

void thread_halt_self(void (*continuation)(void))
{
	(void)continuation;
	thread_block(walking_zombie);
}
