/*
 * Small ids of tasks and threads.
 *
 * Their keys are addresses that are used again after a death; an id is given
 * once.  Fixed tables, no lock: any CPU may look up, insert and forget at the
 * same time as any other.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_IDS_H_
#define _PERF_IDS_H_

#include <stdint.h>

#include "perf_core.h"

/*
 * A place in a table.  Free: both 0.  id is claimed first (compare and
 * exchange), key is stored second and cleared first, so that a key that is
 * seen has its id.  A key lies within PERF_ID_WINDOW places of its hash; when
 * two CPUs insert it at once, the lower place stands and the other is freed.
 */
struct perf_id_slot {
	uintptr_t key;
	uint32_t id;
	uint32_t parent;
};

#define PERF_ID_WINDOW 32

struct perf_id_table {
	struct perf_id_slot *slots;
	uint32_t size;	    /* a power of two */
	uint32_t last;	    /* id given out */
	uint32_t overflows; /* times a key found no place */
	uint32_t reach;	    /* places from its hash on in which any key has ever been */
};

extern struct perf_id_table perf_tasks, perf_threads;

/* Fill a CPU's last_ids with who is running, in its section. */
void PERF_FAST_CALL perf_ids_look_up(struct perf_last_ids *last);

/* The key that has an id; 0: none. */
uintptr_t perf_ids_key(const struct perf_id_table *table, uint32_t id);

/* Forget everybody, because deaths went unseen.  Ids go on from the last. */
void perf_ids_clear(void);

uint32_t perf_ids_overflows(void);
void perf_ids_overflows_clear(void);

#endif /* _PERF_IDS_H_ */
