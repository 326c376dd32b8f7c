/*
 * Attaching threads to virtual CPUs, and their ends.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "perf_analysis.h"

__thread struct embedded_thread embedded_self;
const char embedded_task[1] = {0};

static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static struct embedded_thread *live; /* under live_lock */
static uint32_t owned;		     /* CPUs: bit set, a thread has it */

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static uint32_t
claim_cpu(void)
{
	uint32_t taken = __atomic_load_n(&owned, __ATOMIC_RELAXED);

	for (;;) {
		uint32_t cpu = __builtin_ctz(~taken);

		if (cpu >= EMBEDDED_SHARED_CPU)
			return EMBEDDED_SHARED_CPU;
		if (__atomic_compare_exchange_n(&owned, &taken, taken | 1u << cpu, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return cpu;
	}
}

/* The real death: nothing of this thread records after it. */
static void
thread_ends(void *pointer)
{
	struct embedded_thread *self = pointer;
	struct embedded_thread **link;

	perf_thread_forget(self->key);
	pthread_mutex_lock(&live_lock);
	for (link = &live; *link != self; link = &(*link)->next)
		;
	*link = self->next;
	pthread_mutex_unlock(&live_lock);
	self->key = 0;
	if (self->cpu != EMBEDDED_SHARED_CPU)
		__atomic_and_fetch(&owned, ~(1u << self->cpu), __ATOMIC_RELEASE);
}

static void
make_end_key(void)
{
	pthread_key_create(&end_key, thread_ends);
}

void
embedded_thread_attach(uintptr_t key)
{
	struct embedded_thread *self = &embedded_self;

	pthread_once(&end_once, make_end_key);
	pthread_setspecific(end_key, self);
	if (pthread_getname_np(pthread_self(), self->name, sizeof self->name) != 0)
		self->name[0] = 0;
	self->cpu = claim_cpu();
	self->key = key != 0 ? key : (uintptr_t)self;
	pthread_mutex_lock(&live_lock);
	self->next = live;
	live = self;
	pthread_mutex_unlock(&live_lock);
}

bool
embedded_thread_name(uintptr_t key, char name[PERF_NAME_LENGTH])
{
	bool found = false;

	pthread_mutex_lock(&live_lock);
	for (const struct embedded_thread *thread = live; thread; thread = thread->next)
		if (thread->key == key) {
			memcpy(name, thread->name, sizeof thread->name);
			found = true;
		}
	pthread_mutex_unlock(&live_lock);
	return found;
}

static uint32_t shared_busy;

void
embedded_shared_lock(void)
{
	while (__atomic_exchange_n(&shared_busy, 1, __ATOMIC_ACQUIRE) != 0)
		sched_yield();
}

void
embedded_shared_unlock(void)
{
	__atomic_store_n(&shared_busy, 0, __ATOMIC_RELEASE);
}
