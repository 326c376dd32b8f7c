/*
 * How the programs beside this file measure: a path is run by one thread, then
 * by several at once, round after round.
 *
 * A line of the output is "path threads nanoseconds", once for each round: the
 * time that all threads took together, by the events of one thread.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MEASURE_H_
#define _MEASURE_H_

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define MEASURE_EVENTS 1000000
#define MEASURE_ROUNDS 7
#define MEASURE_THREADS 2

struct measure_path {
	const char *name;
	void (*prepare)(void); /* or null */
	void (*run)(uint32_t events);
};

/* One of the threads that begin together. */
struct measure_thread {
	pthread_t thread;
	const struct measure_path *path;
	pthread_barrier_t *together;
	uint64_t begin, end;
};

static inline uint64_t
measure_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Make the compiler believe that a value is used. */
static inline void
measure_keep(uint64_t value)
{
	__asm__ __volatile__("" : : "r"(value));
}

static inline void *
measure_run(void *argument)
{
	struct measure_thread *thread = argument;

	pthread_barrier_wait(thread->together);
	thread->begin = measure_now_ns();
	thread->path->run(MEASURE_EVENTS);
	thread->end = measure_now_ns();
	return NULL;
}

/* From when the first begins until the last ends: a thread that looked on might come late. */
static inline double
measure_round(const struct measure_path *path, unsigned int threads)
{
	struct measure_thread thread[MEASURE_THREADS];
	pthread_barrier_t together;
	uint64_t begin = UINT64_MAX, end = 0;

	pthread_barrier_init(&together, NULL, threads);
	for (unsigned int i = 0; i < threads; i++) {
		thread[i] = (struct measure_thread){.path = path, .together = &together};
		pthread_create(&thread[i].thread, NULL, measure_run, &thread[i]);
	}
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(thread[i].thread, NULL);
		if (thread[i].begin < begin)
			begin = thread[i].begin;
		if (thread[i].end > end)
			end = thread[i].end;
	}
	pthread_barrier_destroy(&together);
	return (double)(end - begin) / MEASURE_EVENTS;
}

/* The paths take turns, so that what disturbs one disturbs the others. */
static inline void
measure_paths(const struct measure_path *paths, size_t count)
{
	for (unsigned int threads = 1; threads <= MEASURE_THREADS; threads++)
		for (unsigned int round = 0; round < MEASURE_ROUNDS; round++)
			for (size_t i = 0; i < count; i++) {
				if (paths[i].prepare != NULL)
					paths[i].prepare();
				printf("%s %u %.2f\n", paths[i].name, threads,
				       measure_round(&paths[i], threads));
			}
}

#endif /* _MEASURE_H_ */
