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
	struct perf_nested nested;
	kern_return_t result;

	perf_nested_begin(&nested);
	result = __real_vm_allocate(map, address, size, anywhere);
	perf_nested_end(PERF_EVENT_VM_ALLOC | failed(result) << 16, *address, size, &nested);
	return result;
}

PERF_WRAP(kern_return_t, vm_map,
	  (vm_map_t map, vm_offset_t *address, vm_size_t size, vm_offset_t mask,
	   boolean_t anywhere, ipc_port_t object, vm_offset_t offset, boolean_t copy,
	   int protection, int max_protection, int inheritance))
{
	struct perf_nested nested;
	kern_return_t result;

	perf_nested_begin(&nested);
	result = __real_vm_map(map, address, size, mask, anywhere, object, offset, copy, protection,
			       max_protection, inheritance);
	perf_nested_end(PERF_EVENT_VM_ALLOC | failed(result) << 16, *address, size, &nested);
	return result;
}

PERF_WRAP(kern_return_t, vm_deallocate, (vm_map_t map, vm_offset_t address, vm_size_t size))
{
	struct perf_nested nested;
	kern_return_t result;

	perf_nested_begin(&nested);
	result = __real_vm_deallocate(map, address, size);
	perf_nested_end(PERF_EVENT_VM_FREE | failed(result) << 16, address, size, &nested);
	return result;
}

static void
task_created(kern_return_t result, task_t parent, task_t *child, const struct perf_nested *nested)
{
	uint32_t id = 0, parent_id = 0;

	if (result == KERN_SUCCESS)
		id = perf_task_id((uintptr_t)*child);
	if (parent != NULL)
		parent_id = perf_task_id((uintptr_t)parent);
	perf_nested_end(PERF_EVENT_TASK_CREATE | failed(result) << 16, id, parent_id, nested);
}

PERF_WRAP(kern_return_t, task_create, (task_t parent, boolean_t inherit, task_t *child))
{
	struct perf_nested nested;
	kern_return_t result;

	perf_nested_begin(&nested);
	result = __real_task_create(parent, inherit, child);
	task_created(result, parent, child, &nested);
	return result;
}

PERF_WRAP(kern_return_t, task_create_kernel, (task_t parent, boolean_t inherit, task_t *child))
{
	struct perf_nested nested;
	kern_return_t result;

	perf_nested_begin(&nested);
	result = __real_task_create_kernel(parent, inherit, child);
	task_created(result, parent, child, &nested);
	return result;
}

/* A task that ends itself returns from here and dies on its way to user mode. */
PERF_WRAP(kern_return_t, task_terminate, (task_t task))
{
	struct perf_nested nested;
	uint32_t id = 0;
	kern_return_t result;

	perf_nested_begin(&nested);
	if (task != NULL)
		id = perf_task_id((uintptr_t)task);
	result = __real_task_terminate(task);
	perf_nested_end(PERF_EVENT_TASK_TERMINATE | failed(result) << 16, id,
			perf_activity_current()->ids.task, &nested);
	return result;
}

static void
thread_created(uint32_t flags, thread_t thread, task_t task, const struct perf_nested *nested)
{
	uint32_t id = 0, task_id = 0;

	if (thread != NULL)
		id = perf_thread_id((uintptr_t)thread, (uintptr_t)task);
	if (task != NULL)
		task_id = perf_task_id((uintptr_t)task);
	perf_nested_end(PERF_EVENT_THREAD_CREATE | flags << 16, id, task_id, nested);
}

PERF_WRAP(kern_return_t, thread_create, (task_t task, thread_t *thread))
{
	struct perf_nested nested;
	kern_return_t result;

	perf_nested_begin(&nested);
	result = __real_thread_create(task, thread);
	thread_created(failed(result), result == KERN_SUCCESS ? *thread : NULL, task, &nested);
	return result;
}

/* Newer kernels take a name in front of the function and its argument. */
PERF_WRAP(thread_t, kernel_thread,
	  (task_t task, uintptr_t second, uintptr_t third, uintptr_t fourth))
{
	struct perf_nested nested;
	thread_t thread;

	perf_nested_begin(&nested);
	thread = __real_kernel_thread(task, second, third, fourth);
	thread_created(0, thread, task, &nested);
	return thread;
}

struct ending {
	struct perf_nested nested;
	uint32_t thread;
	uint32_t task;
	bool self;
};

static void
thread_ends(thread_t thread, struct ending *ending)
{
	uintptr_t key = (uintptr_t)thread;

	perf_nested_begin(&ending->nested);
	ending->self = key == perf_platform_thread();
	if (thread == NULL) {
		perf_interval_close(&ending->nested.interval);
		return;
	}
	ending->thread = perf_thread_id(key, perf_task_of(key));
	ending->task = perf_task_id(perf_task_of(key));
}

/* A thread that ends itself is only told to: it goes on, but not to user mode. */
static void
thread_ended(kern_return_t result, const struct ending *ending)
{
	struct perf_activity *activity = perf_activity_current();

	if (!perf_interval_is_open(&ending->nested.interval))
		return;
	if (!ending->self || result != KERN_SUCCESS)
		perf_nested_end(PERF_EVENT_THREAD_TERMINATE | failed(result) << 16, ending->thread,
				ending->task, &ending->nested);
	else if (perf_activity_is_listed(activity))
		activity->end = ending->nested.interval;
	else
		perf_event_record(PERF_EVENT_THREAD_TERMINATE, 0, PERF_CURRENT, PERF_CURRENT,
				  ending->thread, ending->task);
}

/*
 * A thread that is to end blocks for good in thread_halt_self(), the first time
 * from then on that it gives up its stack.
 */
PERF_WRAP(void, thread_block, (void (*continuation)(void)))
{
	struct perf_activity *activity = perf_activity_current();

	if (perf_interval_is_open(&activity->end) && continuation != NULL) {
		perf_interval_ended(PERF_EVENT_THREAD_TERMINATE, activity->ids.thread,
				    activity->ids.task, &activity->end);
		perf_interval_close(&activity->end);
	}
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

/* The threads of a task that is ended, but for the one that ends it. */
PERF_WRAP(void, thread_force_terminate, (thread_t thread))
{
	struct ending ending;

	thread_ends(thread, &ending);
	__real_thread_force_terminate(thread);
	thread_ended(KERN_SUCCESS, &ending);
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
