/*
 * Wrappers of functions that return: memory, tasks and threads.  The time
 * recorded is that of the call.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_hooks.h"

static inline uint32_t
failed(kern_return_t result)
{
	return result == KERN_SUCCESS ? 0 : PERF_FLAG_ERROR;
}

PERF_WRAP(kern_return_t, vm_allocate,
	  (vm_map_t map, vm_offset_t *address, vm_size_t size, boolean_t anywhere))
{
	struct perf_interval interval;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_VM_ALLOC, &interval);
	result = __real_vm_allocate(map, address, size, anywhere);
	perf_interval_end(PERF_EVENT_VM_ALLOC, failed(result), *address, size, &interval);
	return result;
}

PERF_WRAP(kern_return_t, vm_map,
	  (vm_map_t map, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
	   boolean_t anywhere, ipc_port_t object, vm_offset_t offset, boolean_t copy,
	   int protection, int max_protection, int inheritance))
{
	struct perf_interval interval;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_VM_ALLOC, &interval);
	result = __real_vm_map(map, address, size, mask, anywhere, object, offset, copy, protection,
			       max_protection, inheritance);
	perf_interval_end(PERF_EVENT_VM_ALLOC, failed(result), *address, size, &interval);
	return result;
}

PERF_WRAP(kern_return_t, vm_deallocate, (vm_map_t map, vm_offset_t address, vm_size_t size))
{
	struct perf_interval interval;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_VM_FREE, &interval);
	result = __real_vm_deallocate(map, address, size);
	perf_interval_end(PERF_EVENT_VM_FREE, failed(result), address, size, &interval);
	return result;
}

static void
task_created(kern_return_t result, task_t parent, task_t *child, const struct perf_interval *interval)
{
	uint32_t id = 0, parent_id = 0;

	if (!perf_interval_is_open(interval))
		return;
	if (result == KERN_SUCCESS)
		id = perf_task_id((uintptr_t)*child);
	if (parent != NULL)
		parent_id = perf_task_id((uintptr_t)parent);
	perf_interval_end(PERF_EVENT_TASK_CREATE, failed(result), id, parent_id, interval);
}

PERF_WRAP(kern_return_t, task_create, (task_t parent, boolean_t inherit, task_t *child))
{
	struct perf_interval interval;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_TASK_CREATE, &interval);
	result = __real_task_create(parent, inherit, child);
	task_created(result, parent, child, &interval);
	return result;
}

PERF_WRAP(kern_return_t, task_create_kernel, (task_t parent, boolean_t inherit, task_t *child))
{
	struct perf_interval interval;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_TASK_CREATE, &interval);
	result = __real_task_create_kernel(parent, inherit, child);
	task_created(result, parent, child, &interval);
	return result;
}

/* A task that ends itself returns from here and dies on its way to user mode. */
PERF_WRAP(kern_return_t, task_terminate, (task_t task))
{
	struct perf_interval interval;
	uint32_t id = 0;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_TASK_TERMINATE, &interval);
	if (perf_interval_is_open(&interval) && task != NULL)
		id = perf_task_id((uintptr_t)task);
	result = __real_task_terminate(task);
	if (perf_interval_is_open(&interval))
		perf_interval_end(PERF_EVENT_TASK_TERMINATE, failed(result), id,
				  perf_task_id(perf_platform_task()), &interval);
	return result;
}

static void
thread_created(uint32_t flags, thread_t thread, task_t task, const struct perf_interval *interval)
{
	uint32_t id = 0, task_id = 0;

	if (!perf_interval_is_open(interval))
		return;
	if (thread != NULL)
		id = perf_thread_id((uintptr_t)thread, (uintptr_t)task);
	if (task != NULL)
		task_id = perf_task_id((uintptr_t)task);
	perf_interval_end(PERF_EVENT_THREAD_CREATE, flags, id, task_id, interval);
}

PERF_WRAP(kern_return_t, thread_create, (task_t task, thread_t *thread))
{
	struct perf_interval interval;
	kern_return_t result;

	perf_interval_begin(PERF_EVENT_THREAD_CREATE, &interval);
	result = __real_thread_create(task, thread);
	thread_created(failed(result), result == KERN_SUCCESS ? *thread : NULL, task, &interval);
	return result;
}

/* Newer kernels take a name in front of the function and its argument. */
PERF_WRAP(thread_t, kernel_thread,
	  (task_t task, uintptr_t second, uintptr_t third, uintptr_t fourth))
{
	struct perf_interval interval;
	thread_t thread;

	perf_interval_begin(PERF_EVENT_THREAD_CREATE, &interval);
	thread = __real_kernel_thread(task, second, third, fourth);
	thread_created(0, thread, task, &interval);
	return thread;
}

struct ending {
	struct perf_interval interval;
	uint32_t thread;
	uint32_t task;
	bool self;
};

static void
thread_ends(thread_t thread, struct ending *ending)
{
	uintptr_t key = (uintptr_t)thread;

	perf_interval_begin(PERF_EVENT_THREAD_TERMINATE, &ending->interval);
	if (!perf_interval_is_open(&ending->interval) || thread == NULL) {
		ending->interval.start.epoch = 0;
		return;
	}
	ending->self = key == perf_platform_thread();
	ending->thread = perf_thread_id(key, perf_task_of(key));
	ending->task = perf_task_id(perf_task_of(key));
}

/* A thread that ends itself is only told to: it goes on, but not to user mode. */
static void
thread_ended(kern_return_t result, const struct ending *ending)
{
	struct perf_activity *activity = NULL;

	if (!perf_interval_is_open(&ending->interval))
		return;
	if (ending->self && result == KERN_SUCCESS) {
		activity = perf_activity_enter();
		if (activity == NULL)
			perf_event_record(PERF_EVENT_THREAD_TERMINATE, 0, PERF_CURRENT,
					  PERF_CURRENT, ending->thread, ending->task);
		else
			activity->end = ending->interval;
		return;
	}
	perf_interval_end(PERF_EVENT_THREAD_TERMINATE, failed(result), ending->thread, ending->task,
			  &ending->interval);
}

/* The last that the running thread does. */
static void
thread_dies(struct perf_activity *activity)
{
	uintptr_t thread = perf_platform_thread(), task = perf_platform_task();

	if (perf_interval_is_open(&activity->end))
		perf_interval_end(PERF_EVENT_THREAD_TERMINATE, 0, perf_thread_id(thread, task),
				  perf_task_id(task), &activity->end);
	activity->end.start.epoch = 0;
}

void thread_halt_self(void);

/*
 * thread_halt_self() blocks for good if the thread is to end, and otherwise
 * until it is resumed.
 */
PERF_WRAP(void, thread_block, (void (*continuation)(void)))
{
	struct perf_activity *activity = perf_activity_find();

	if (activity != NULL && activity->end.start.epoch != 0 &&
	    perf_is_within(__builtin_return_address(0), (uintptr_t)thread_halt_self,
			   PERF_SIZE_THREAD_HALT_SELF))
		thread_dies(activity);
	__real_thread_block(continuation);
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
	if (cache == &thread_cache) {
		perf_activity_forget(object);
		perf_thread_forget(object);
	}
	__real_kmem_cache_free(cache, object);
}
