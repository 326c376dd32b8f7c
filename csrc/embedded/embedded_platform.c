/*
 * What the embedded platform keeps: a lock, memory for rings, the task's name.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_platform.h"

#include <stdio.h>
#include <sys/mman.h>

pthread_mutex_t embedded_control_lock = PTHREAD_MUTEX_INITIALIZER;

/* Always the largest size: pages that are not used cost nothing. */
perf_sample_t *
embedded_ring(unsigned int cpu)
{
	static perf_sample_t *rings[EMBEDDED_CPUS]; /* under the control lock */

	if (rings[cpu] == NULL) {
		void *memory = mmap(NULL, PERF_BUFFER_MAX * sizeof(perf_sample_t),
				    PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (memory == MAP_FAILED)
			return NULL;
		rings[cpu] = memory;
	}
	return rings[cpu];
}

bool
embedded_task_name(uintptr_t key, char name[PERF_NAME_LENGTH])
{
	FILE *comm;
	bool found;

	if (key != (uintptr_t)embedded_task)
		return false;
	comm = fopen("/proc/self/comm", "re");
	if (comm == NULL)
		return false;
	found = fgets(name, PERF_NAME_LENGTH, comm) != NULL;
	fclose(comm);
	name[strcspn(name, "\n")] = 0;
	return found;
}
