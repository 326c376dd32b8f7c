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

struct measure_round {
	const struct measure_path *path;
	pthread_barrier_t together;
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
measure_thread(void *argument)
{
	struct measure_round *round = argument;

	pthread_barrier_wait(&round->together);
	round->path->run(MEASURE_EVENTS);
	pthread_barrier_wait(&round->together);
	return NULL;
}

static inline double
measure_round(const struct measure_path *path, unsigned int threads)
{
	struct measure_round round = {.path = path};
	pthread_t thread[MEASURE_THREADS];
	uint64_t start;

	pthread_barrier_init(&round.together, NULL, threads + 1);
	for (unsigned int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, measure_thread, &round);
	pthread_barrier_wait(&round.together);
	start = measure_now_ns();
	pthread_barrier_wait(&round.together);
	start = measure_now_ns() - start;
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&round.together);
	return (double)start / MEASURE_EVENTS;
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
