/*
 * Wrappers of functions that return: memory, tasks and threads.  The time
 * recorded is that of the call.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_analysis.h>
#include <perf_kernel.h>
#include <perf_platform.h>

#include "perf_hooks.h"

static inline uint32_t
failed(kern_return_t result)
{
	return result == KERN_SUCCESS ? 0 : PERF_FLAG_ERROR;
}

PERF_WRAP(kern_return_t, vm_allocate,
	  (vm_map_t map, vm_offset_t *address, vm_size_t size, boolean_t anywhere))
{
	struct perf_stamp start;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_VM_ALLOC, &start);
	result = __real_vm_allocate(map, address, size, anywhere);
	perf_time_end(PERF_EVENT_VM_ALLOC, failed(result), PERF_CURRENT, PERF_CURRENT, *address,
		      size, &start);
	return result;
}

PERF_WRAP(kern_return_t, vm_map,
	  (vm_map_t map, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
	   boolean_t anywhere, ipc_port_t object, vm_offset_t offset, boolean_t copy,
	   int protection, int max_protection, int inheritance))
{
	struct perf_stamp start;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_VM_ALLOC, &start);
	result = __real_vm_map(map, address, size, mask, anywhere, object, offset, copy, protection,
			       max_protection, inheritance);
	perf_time_end(PERF_EVENT_VM_ALLOC, failed(result), PERF_CURRENT, PERF_CURRENT, *address,
		      size, &start);
	return result;
}

PERF_WRAP(kern_return_t, vm_deallocate, (vm_map_t map, vm_offset_t address, vm_size_t size))
{
	struct perf_stamp start;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_VM_FREE, &start);
	result = __real_vm_deallocate(map, address, size);
	perf_time_end(PERF_EVENT_VM_FREE, failed(result), PERF_CURRENT, PERF_CURRENT, address, size,
		      &start);
	return result;
}

static void
task_created(kern_return_t result, task_t parent, task_t *child, const struct perf_stamp *start)
{
	uint32_t id = 0, parent_id = 0;

	if (start->epoch == 0)
		return;
	if (result == KERN_SUCCESS)
		id = perf_task_id((uintptr_t)*child);
	if (parent != NULL)
		parent_id = perf_task_id((uintptr_t)parent);
	perf_time_end(PERF_EVENT_TASK_CREATE, failed(result), PERF_CURRENT, PERF_CURRENT, id,
		      parent_id, start);
}

PERF_WRAP(kern_return_t, task_create, (task_t parent, boolean_t inherit, task_t *child))
{
	struct perf_stamp start;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_TASK_CREATE, &start);
	result = __real_task_create(parent, inherit, child);
	task_created(result, parent, child, &start);
	return result;
}

PERF_WRAP(kern_return_t, task_create_kernel, (task_t parent, boolean_t inherit, task_t *child))
{
	struct perf_stamp start;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_TASK_CREATE, &start);
	result = __real_task_create_kernel(parent, inherit, child);
	task_created(result, parent, child, &start);
	return result;
}

/* A task that ends itself returns from here and dies on its way to user mode. */
PERF_WRAP(kern_return_t, task_terminate, (task_t task))
{
	struct perf_stamp start;
	uint32_t id = 0;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_TASK_TERMINATE, &start);
	if (start.epoch != 0 && task != NULL)
		id = perf_task_id((uintptr_t)task);
	result = __real_task_terminate(task);
	if (start.epoch != 0)
		perf_time_end(PERF_EVENT_TASK_TERMINATE, failed(result), PERF_CURRENT, PERF_CURRENT,
			      id, perf_task_id(perf_platform_task()), &start);
	return result;
}

static void
thread_created(uint32_t flags, thread_t thread, task_t task, const struct perf_stamp *start)
{
	uint32_t id = 0, task_id = 0;

	if (start->epoch == 0)
		return;
	if (thread != NULL)
		id = perf_thread_id((uintptr_t)thread, (uintptr_t)task);
	if (task != NULL)
		task_id = perf_task_id((uintptr_t)task);
	perf_time_end(PERF_EVENT_THREAD_CREATE, flags, PERF_CURRENT, PERF_CURRENT, id, task_id,
		      start);
}

PERF_WRAP(kern_return_t, thread_create, (task_t task, thread_t *thread))
{
	struct perf_stamp start;
	kern_return_t result;

	perf_time_begin(PERF_EVENT_THREAD_CREATE, &start);
	result = __real_thread_create(task, thread);
	thread_created(failed(result), result == KERN_SUCCESS ? *thread : NULL, task, &start);
	return result;
}

PERF_WRAP(thread_t, kernel_thread, (task_t task, void (*function)(void), void *argument))
{
	struct perf_stamp start;
	thread_t thread;

	perf_time_begin(PERF_EVENT_THREAD_CREATE, &start);
	thread = __real_kernel_thread(task, function, argument);
	thread_created(0, thread, task, &start);
	return thread;
}

struct ending {
	struct perf_stamp start;
	uint32_t thread;
	uint32_t task;
	bool self;
};

static void
thread_ends(thread_t thread, struct ending *ending)
{
	uintptr_t key = (uintptr_t)thread;

	perf_time_begin(PERF_EVENT_THREAD_TERMINATE, &ending->start);
	if (ending->start.epoch == 0 || thread == NULL) {
		ending->start.epoch = 0;
		return;
	}
	ending->self = key == perf_platform_thread();
	ending->thread = perf_thread_id(key, perf_task_of(key));
	ending->task = perf_task_id(perf_task_of(key));
}

/* A thread that ends itself is only told to, so there is no time to record. */
static void
thread_ended(kern_return_t result, const struct ending *ending)
{
	if (ending->start.epoch == 0)
		return;
	if (ending->self)
		perf_event_record(PERF_EVENT_THREAD_TERMINATE, failed(result), PERF_CURRENT,
				  PERF_CURRENT, ending->thread, ending->task);
	else
		perf_time_end(PERF_EVENT_THREAD_TERMINATE, failed(result), PERF_CURRENT,
			      PERF_CURRENT, ending->thread, ending->task, &ending->start);
}

PERF_WRAP(kern_return_t, thread_terminate, (thread_t thread))
{
	struct ending ending;
	kern_return_t result;

	thread_ends(thread, &ending);
	result = __real_thread_terminate(thread);
	thread_ended(result, &ending);
	return result;
}

PERF_WRAP(kern_return_t, thread_terminate_release,
	  (thread_t thread, task_t task, mach_port_name_t name, mach_port_name_t reply_port,
	   vm_offset_t address, vm_size_t size))
{
	struct ending ending;
	kern_return_t result;

	thread_ends(thread, &ending);
	result = __real_thread_terminate_release(thread, task, name, reply_port, address, size);
	thread_ended(result, &ending);
	return result;
}

PERF_WRAP(void, kmem_cache_free, (kmem_cache_t cache, vm_offset_t object))
{
	if (cache == &task_cache)
		perf_task_forget(object);
	else if (cache == &thread_cache)
		perf_thread_forget(object);
	__real_kmem_cache_free(cache, object);
}
