/*
 * Names of tasks, threads and system calls, as the kernel has them.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_platform.h>

static bool
copy_name(const char *from, uint32_t limit, char name[PERF_NAME_LENGTH])
{
	uint32_t length = 0;

	while (length < limit && length < PERF_NAME_LENGTH - 1 && from[length] != '\0') {
		name[length] = from[length];
		length++;
	}
	name[length] = '\0';
	return length > 0;
}

bool
perf_trap_name(uint32_t trap, char name[PERF_NAME_LENGTH])
{
	const char *string;

	if (trap >= perf_platform_traps())
		return false;
	string = *(const char **)(mach_trap_table + trap * PERF_SIZE_TRAP + PERF_OFFSET_TRAP_NAME);
	return string != NULL && copy_name(string, PERF_NAME_LENGTH, name);
}

bool
perf_object_name(uint32_t kind, uintptr_t key, char name[PERF_NAME_LENGTH])
{
	uint32_t offset = kind == PERF_NAMES_TASKS ? PERF_OFFSET_TASK_NAME : PERF_OFFSET_THREAD_NAME;

	/* In kernels whose threads have no names. */
	if (offset == 0)
		return false;
	return copy_name((const char *)(key + offset), PERF_KERNEL_NAME_LENGTH, name);
}
