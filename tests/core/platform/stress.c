/*
 * A program of its own, so that it can run under ThreadSanitizer: writers,
 * readers and control operations at once, round after round.
 *
 *	stress ROUNDS MILLISECONDS
 *
 * Within a round each writer records on a CPU of its own, each reader reads one
 * CPU's samples and all statistics, and one thread enables, disables, resets,
 * configures and sets options and the baseline, in a fixed pseudo-random order.
 * When all have stopped nothing may be missing: what the CPUs account for is
 * what the statistics counted, and what a reader now finds is what was written.
 *
 * Prints one line of figures; exit status 1 when one that must be 0 is not.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CPUS 2
#define WAYS 8
#define ROOM 512

struct figures {
	uint64_t written, read, operations, refusals;
	uint64_t torn, backwards, unbalanced; /* 0, or the core is wrong */
};

static bool stop;

static bool
stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

struct worker {
	pthread_t thread;
	uint32_t cpu;
	uint32_t seed;
	struct figures figures;
};

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* Each sample's second word is the complement of its first. */
static void *
write_samples(void *argument)
{
	struct worker *worker = argument;
	uint32_t number = 0;

	scripted_cpu = worker->cpu;
	scripted_task = 0x1000 * (worker->cpu + 1);
	scripted_thread = 0x2000 * (worker->cpu + 1);
	while (!stopped()) {
		uint32_t event = number % PERF_EVENTS_BUILTIN;
		struct perf_stamp start;

		perf_time_begin(event, &start);
		perf_time_end(event, number % 7 == 0 ? PERF_FLAG_WAITED : 0, PERF_CURRENT,
			      PERF_CURRENT, number, ~number, &start);
		number++;
	}
	worker->figures.written = number;
	return NULL;
}

static void
check(const perf_sample_t *samples, uint32_t count, uint32_t cpu, struct figures *figures)
{
	for (uint32_t i = 0; i < count; i++) {
		figures->torn += samples[i].data1 != ~samples[i].data2
				 || samples[i].cpu != cpu
				 || samples[i].event != samples[i].data1 % PERF_EVENTS_BUILTIN;
		figures->backwards +=
			i != 0 && samples[i].timestamp < samples[i - 1].timestamp;
	}
}

static void *
read_samples(void *argument)
{
	struct worker *worker = argument;
	perf_sample_t *samples = calloc(ROOM, sizeof *samples);
	uint64_t cursor = PERF_CURSOR_OLDEST, next, lost;
	perf_event_stats_t stats;

	while (!stopped()) {
		uint32_t count = ROOM;

		perf_reader_read(worker->cpu, cursor, samples, &count, &next, &lost);
		check(samples, count, worker->cpu, &worker->figures);
		worker->figures.read += count;
		cursor = next;
		perf_report_event(count % PERF_EVENTS_BUILTIN, &stats);
	}
	free(samples);
	return NULL;
}

static void *
control(void *argument)
{
	struct worker *worker = argument;

	while (!stopped()) {
		kern_return_t kr = KERN_SUCCESS;

		switch (next_random(&worker->seed) % WAYS) {
		case 0:
			kr = perf_control_enable(false);
			break;
		case 1:
			perf_control_reset();
			break;
		case 2:
			perf_control_enable(false);
			kr = perf_control_configure(next_random(&worker->seed) % 2 ? 0 : 5000,
						    1024 << next_random(&worker->seed) % 3);
			break;
		case 3:
			kr = perf_control_set_option(PERF_OPTION_MODE,
						     next_random(&worker->seed) % 2);
			break;
		case 4:
			kr = perf_control_set_option(PERF_OPTION_EVENT_MASK,
						     next_random(&worker->seed) | 1);
			break;
		case 5:
			perf_baseline_set();
			break;
		default:
			kr = perf_control_enable(true);
			break;
		}
		worker->figures.operations++;
		worker->figures.refusals += kr != KERN_SUCCESS;
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	return NULL;
}

/* With nobody writing: two accounts of the same events, and the ring as a third. */
static uint64_t
unbalanced(void)
{
	static perf_sample_t samples[PERF_BUFFER_MAX];
	perf_system_stats_t system;
	uint64_t counted = 0, readable = 0, wrong = 0, next, lost;
	perf_event_stats_t stats;

	perf_report_system(&system);
	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++)
		if (perf_report_event(event, &stats) == KERN_SUCCESS)
			counted += stats.count;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		uint32_t count = PERF_BUFFER_MAX;

		perf_reader_read(cpu, PERF_CURSOR_OLDEST, samples, &count, &next, &lost);
		readable += count;
	}
	wrong += system.events != system.written + system.rate_limited + system.refused;
	wrong += system.events != counted;
	wrong += system.written != readable + system.overwritten;
	if (wrong)
		fprintf(stderr,
			"events %llu, counted %llu, written %llu, limited %llu, refused %llu, "
			"overwritten %llu, readable %llu\n",
			(unsigned long long)system.events, (unsigned long long)counted,
			(unsigned long long)system.written,
			(unsigned long long)system.rate_limited,
			(unsigned long long)system.refused,
			(unsigned long long)system.overwritten, (unsigned long long)readable);
	return wrong;
}

static void
run_round(uint32_t number, long milliseconds, struct figures *sum)
{
	void *(*const kinds[])(void *) = {
		write_samples, write_samples, read_samples, read_samples, control,
	};
	enum { WORKERS = sizeof kinds / sizeof kinds[0] };
	struct worker workers[WORKERS];

	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.cpu = i % CPUS, .seed = number};
		pthread_create(&workers[i].thread, NULL, kinds[i], &workers[i]);
	}
	nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < WORKERS; i++) {
		const struct figures *figures = &workers[i].figures;

		pthread_join(workers[i].thread, NULL);
		sum->written += figures->written;
		sum->read += figures->read;
		sum->operations += figures->operations;
		sum->refusals += figures->refusals;
		sum->torn += figures->torn;
		sum->backwards += figures->backwards;
	}
	sum->unbalanced += unbalanced();
}

int
main(int argc, char **argv)
{
	struct figures sum = {0};

	if (argc != 3)
		return 2;
	harness_boot(CPUS);
	perf_control_configure(0, PERF_BUFFER_MIN);
	perf_control_enable(true);
	for (uint32_t number = 0; number < (uint32_t)atoi(argv[1]); number++)
		run_round(number, atol(argv[2]), &sum);
	printf("{\"written\": %llu, \"read\": %llu, \"operations\": %llu, \"refusals\": %llu, "
	       "\"torn\": %llu, \"backwards\": %llu, \"unbalanced\": %llu}\n",
	       (unsigned long long)sum.written, (unsigned long long)sum.read,
	       (unsigned long long)sum.operations, (unsigned long long)sum.refusals,
	       (unsigned long long)sum.torn, (unsigned long long)sum.backwards,
	       (unsigned long long)sum.unbalanced);
	return sum.torn || sum.backwards || sum.unbalanced;
}
