/*
 * Tables of small ids.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_ids.h"

_Static_assert((PERF_PLATFORM_TASKS & (PERF_PLATFORM_TASKS - 1)) == 0
		       && PERF_PLATFORM_TASKS >= PERF_ID_WINDOW,
	       "PERF_PLATFORM_TASKS");
_Static_assert((PERF_PLATFORM_THREADS & (PERF_PLATFORM_THREADS - 1)) == 0
		       && PERF_PLATFORM_THREADS >= PERF_ID_WINDOW,
	       "PERF_PLATFORM_THREADS");

static struct perf_id_slot task_slots[PERF_PLATFORM_TASKS];
static struct perf_id_slot thread_slots[PERF_PLATFORM_THREADS];

struct perf_id_table perf_tasks = {task_slots, PERF_PLATFORM_TASKS, 0, 0, 0};
struct perf_id_table perf_threads = {thread_slots, PERF_PLATFORM_THREADS, 0, 0, 0};

static struct perf_id_slot *
window_slot(const struct perf_id_table *table, uintptr_t key, uint32_t distance)
{
	/* The lowest bits of an address say little; the golden ratio spreads the rest. */
	uint32_t hash = (uint32_t)(key >> 4) * UINT32_C(0x9e3779b1);

	return &table->slots[((hash >> 8) + distance) & (table->size - 1)];
}

static struct perf_id_slot *
find(const struct perf_id_table *table, uintptr_t key)
{
	uint32_t reach = __atomic_load_n(&table->reach, __ATOMIC_SEQ_CST);

	for (uint32_t distance = 0; distance < reach; distance++) {
		struct perf_id_slot *slot = window_slot(table, key, distance);

		if (perf_load_word(&slot->key) == key)
			return slot;
	}
	return NULL;
}

static void
release(struct perf_id_slot *slot)
{
	perf_publish_word(&slot->key, 0);
	perf_publish32(&slot->id, 0);
}

static uint32_t
insert(struct perf_id_table *table, uintptr_t key, uint32_t parent)
{
	uint32_t id = __atomic_add_fetch(&table->last, 1, __ATOMIC_RELAXED);

	for (uint32_t distance = 0; distance < PERF_ID_WINDOW; distance++) {
		struct perf_id_slot *slot = window_slot(table, key, distance);
		struct perf_id_slot *standing;
		uint32_t free = 0;

		if (!__atomic_compare_exchange_n(&slot->id, &free, id, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			continue;
		perf_publish32(&slot->parent, parent);
		/* Before the key is there: who may see it must look that far. */
		perf_raise32(&table->reach, distance + 1);
		/* Before another's key is looked for, that other must see ours. */
		__atomic_exchange_n(&slot->key, key, __ATOMIC_SEQ_CST);
		standing = find(table, key);
		if (standing != NULL && standing != slot) {
			id = perf_load32(&standing->id);
			release(slot);
		}
		return id;
	}
	__atomic_add_fetch(&table->overflows, 1, __ATOMIC_RELAXED);
	return 0;
}

static uint32_t
look_up(struct perf_id_table *table, uintptr_t key, uint32_t parent)
{
	struct perf_id_slot *slot;

	if (key == 0)
		return 0;
	slot = find(table, key);
	return slot != NULL ? perf_load32(&slot->id) : insert(table, key, parent);
}

uint32_t
perf_task_id(uintptr_t task)
{
	return look_up(&perf_tasks, task, 0);
}

uint32_t
perf_thread_id(uintptr_t thread, uintptr_t task)
{
	struct perf_id_slot *slot = thread == 0 ? NULL : find(&perf_threads, thread);

	if (slot != NULL)
		return perf_load32(&slot->id);
	return thread == 0 ? 0 : insert(&perf_threads, thread, perf_task_id(task));
}

void PERF_FAST_CALL
perf_ids_look_up(struct perf_last_ids *last)
{
	uintptr_t thread = perf_platform_thread(), task = perf_platform_task();

	/* Without its key while the ids change: a death elsewhere compares keys. */
	perf_publish_word(&last->thread_key, PERF_NO_THREAD);
	last->ids.task = perf_task_id(task);
	last->ids.thread = perf_thread_id(thread, task);
	perf_publish_word(&last->thread_key, thread);
}

void
perf_task_forget(uintptr_t task)
{
	struct perf_id_slot *slot;
	uintptr_t excluded = task;

	if (task == 0)
		return;
	slot = find(&perf_tasks, task);
	if (slot != NULL)
		release(slot);
	/* Its threads died before it: no CPU remembers it by one of them. */
	__atomic_compare_exchange_n(&perf_shared.excluded, &excluded, 0, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void
perf_thread_forget(uintptr_t thread)
{
	struct perf_id_slot *slot = thread == 0 ? NULL : find(&perf_threads, thread);

	if (thread == 0)
		return;
	if (slot != NULL)
		release(slot);
	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		uintptr_t last = thread;

		__atomic_compare_exchange_n(&perf_cpus[i].last_ids.thread_key, &last,
					    PERF_NO_THREAD, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED);
	}
}

uintptr_t
perf_ids_key(const struct perf_id_table *table, uint32_t id)
{
	for (uint32_t i = 0; id != 0 && i < table->size; i++)
		if (perf_load32(&table->slots[i].id) == id)
			return perf_load_word(&table->slots[i].key);
	return 0;
}

void
perf_ids_clear(void)
{
	for (uint32_t i = 0; i < perf_tasks.size; i++)
		release(&perf_tasks.slots[i]);
	for (uint32_t i = 0; i < perf_threads.size; i++)
		release(&perf_threads.slots[i]);
	for (unsigned int i = 0; i < perf_platform_cpus(); i++)
		perf_publish_word(&perf_cpus[i].last_ids.thread_key, PERF_NO_THREAD);
}

uint32_t
perf_ids_overflows(void)
{
	return perf_load32(&perf_tasks.overflows) + perf_load32(&perf_threads.overflows);
}

void
perf_ids_overflows_clear(void)
{
	perf_publish32(&perf_tasks.overflows, 0);
	perf_publish32(&perf_threads.overflows, 0);
}
