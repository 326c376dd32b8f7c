/*
 * Ids with their names.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_core.h"
#include "perf_events.h"
#include "perf_ids.h"
#include "perf_report.h"

static const struct perf_id_table *
table_of(uint32_t kind)
{
	return kind == PERF_NAMES_TASKS ? &perf_tasks : &perf_threads;
}

kern_return_t
perf_report_names_most(uint32_t kind, uint32_t *count)
{
	switch (kind) {
	case PERF_NAMES_EVENTS:
		*count = PERF_EVENT_MAX;
		return KERN_SUCCESS;
	case PERF_NAMES_TASKS:
	case PERF_NAMES_THREADS:
		*count = table_of(kind)->size;
		return KERN_SUCCESS;
	case PERF_NAMES_TRAPS:
		*count = perf_platform_traps();
		return KERN_SUCCESS;
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

/* Nothing of what was in memory before leaves with a name. */
static void
begin_name(perf_name_t *name, uint32_t id, uint32_t parent)
{
	*name = (perf_name_t){.id = id, .parent = parent};
}

static uint32_t
event_names(perf_name_t *names, uint32_t room)
{
	uint32_t filled = 0;

	for (uint32_t event = 0; event < PERF_EVENT_MAX && filled < room; event++) {
		const char *name = perf_event_name(event);

		if (name == NULL)
			continue;
		begin_name(&names[filled], event, 0);
		for (int i = 0; i < PERF_NAME_LENGTH - 1 && name[i] != 0; i++)
			names[filled].name[i] = name[i];
		filled++;
	}
	return filled;
}

/* Nameless tasks and threads are there too: their ids are in samples. */
static uint32_t
id_names(uint32_t kind, perf_name_t *names, uint32_t room)
{
	const struct perf_id_table *table = table_of(kind);
	uint32_t filled = 0;

	for (uint32_t i = 0; i < table->size && filled < room; i++) {
		const struct perf_id_slot *slot = &table->slots[i];
		uintptr_t key = perf_load_word(&slot->key);
		uint32_t id = perf_load32(&slot->id);

		if (key == 0 || id == 0)
			continue;
		begin_name(&names[filled], id, perf_load32(&slot->parent));
		perf_platform_name(kind, key, names[filled].name);
		filled++;
	}
	return filled;
}

static uint32_t
trap_names(perf_name_t *names, uint32_t room)
{
	uint32_t filled = 0;

	for (uint32_t trap = 0; trap < perf_platform_traps() && filled < room; trap++) {
		begin_name(&names[filled], trap, 0);
		if (perf_platform_trap_name(trap, names[filled].name))
			filled++;
	}
	return filled;
}

kern_return_t
perf_report_names(uint32_t kind, perf_name_t *names, uint32_t *count)
{
	switch (kind) {
	case PERF_NAMES_EVENTS:
		*count = event_names(names, *count);
		return KERN_SUCCESS;
	case PERF_NAMES_TASKS:
	case PERF_NAMES_THREADS:
		/* A reader that wants to leave itself out finds itself here. */
		if (perf_is_enabled())
			perf_thread_id(perf_platform_thread(), perf_platform_task());
		*count = id_names(kind, names, *count);
		return KERN_SUCCESS;
	case PERF_NAMES_TRAPS:
		*count = trap_names(names, *count);
		return KERN_SUCCESS;
	default:
		return KERN_INVALID_ARGUMENT;
	}
}
