/*
 * Threads and virtual CPUs of the embedded host.
 *
 * A thread that records its first event gets a virtual CPU of its own until it
 * ends; nobody else writes there, so that it need not mask anything.  Threads
 * that find none left share the last one, under a spin lock that is their
 * interrupt mask.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_THREAD_H_
#define _EMBEDDED_THREAD_H_

#include <stdbool.h>
#include <stdint.h>

#include <mach/perf_monitor.h>

#define EMBEDDED_CPUS 8
#define EMBEDDED_SHARED_CPU (EMBEDDED_CPUS - 1)

struct embedded_thread {
	uintptr_t key; /* 0: not attached yet */
	uint32_t cpu;
	struct embedded_thread *next; /* of the live ones, under their lock */
	char name[16];
};

/* In a module that dlopen() loads, other models cost a call per access. */
extern __thread struct embedded_thread embedded_self
	__attribute__((tls_model("initial-exec")));

/* The key of the task that this process is. */
extern const char embedded_task[];

/*
 * Give this thread its CPU; what key is given identifies it (0: one is made).
 * A thread that never calls it is attached by its first event.
 */
void embedded_thread_attach(uintptr_t key);

bool embedded_thread_name(uintptr_t key, char name[PERF_NAME_LENGTH]);

/* The mask of those who share a CPU. */
void embedded_shared_lock(void);
void embedded_shared_unlock(void);

#endif /* _EMBEDDED_THREAD_H_ */
