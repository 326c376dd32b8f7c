/*
 * Driving the core from a test.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "harness.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

struct scripted scripted;
__thread uint32_t scripted_cpu;
__thread uintptr_t scripted_task = 0x1000, scripted_thread = 0x2000;

static void
empty(struct perf_id_table *table)
{
	memset(table->slots, 0, table->size * sizeof table->slots[0]);
	table->last = table->overflows = table->reach = 0;
}

void
harness_boot(uint32_t cpus)
{
	memset(perf_cpus, 0, sizeof perf_cpus);
	memset(&perf_shared, 0, sizeof perf_shared);
	perf_active = (struct perf_active){.epoch = PERF_EPOCH_DISABLED};
	empty(&perf_tasks);
	empty(&perf_threads);
	perf_regression_forget();
	scripted = (struct scripted){
		.clock = 1000,
		.frequency = 1000000000,
		.cpus = cpus,
		.rings_left = UINT32_MAX,
	};
	harness_be(0x1000, 0x2000);
	perf_analysis_init();
}

void
harness_be(uintptr_t task, uintptr_t thread)
{
	scripted_task = task;
	scripted_thread = thread;
}

void
harness_record(uint32_t cpu, uint32_t event, uint32_t flags, uint32_t data1,
	       uint32_t data2)
{
	scripted_cpu = cpu;
	perf_event_record(event, flags, PERF_CURRENT, PERF_CURRENT, data1, data2);
}

void
harness_begin(uint32_t cpu, uint32_t event, struct perf_stamp *stamp)
{
	scripted_cpu = cpu;
	perf_time_begin(event, stamp);
}

void
harness_end(uint32_t cpu, uint32_t event, const struct perf_stamp *stamp)
{
	scripted_cpu = cpu;
	perf_time_end(event, 0, PERF_CURRENT, PERF_CURRENT, 0, 0, stamp);
}

void
harness_time(uint32_t cpu, uint32_t event, uint32_t flags, int64_t ticks, uint32_t data1,
	     uint32_t data2)
{
	struct perf_stamp stamp;

	scripted_cpu = cpu;
	perf_time_begin(event, &stamp);
	scripted.clock += ticks;
	perf_time_end(event, flags, PERF_CURRENT, PERF_CURRENT, data1, data2, &stamp);
}

void
harness_time_usual(uint32_t cpu, uint32_t event, int64_t ticks, uint32_t data1,
		   uint32_t data2)
{
	uint64_t start = perf_platform_clock(), now;
	struct perf_ids ids;

	scripted_cpu = cpu;
	ids.task = perf_task_id(scripted_task);
	ids.thread = perf_thread_id(scripted_thread, scripted_task);
	scripted.clock += ticks;
	now = perf_platform_clock();
	if (!perf_record_usual(event, start, now, data1, data2, &ids))
		perf_record_measured(event, data1, data2, NULL, now - start, now, cpu);
}

void
harness_macros(uint32_t event, uint32_t data1, uint32_t data2)
{
	scripted_cpu = 0;
	PERF_EVENT_RECORD(event, scripted_task, scripted_thread, data1, data2);
	PERF_TIME_BLOCK(event, PERF_CURRENT, PERF_CURRENT, data1, data2, {
		scripted.clock += data1;
		data2++;
	});
}

void
harness_fill_bucket(uint32_t cpu, uint32_t event, uint32_t bucket, uint32_t low,
		    uint8_t carry)
{
	struct perf_statistics *statistics = &perf_cpus[cpu].statistics[event];

	statistics->work[bucket] = low;
	statistics->work_carry[bucket] = carry;
	perf_count_work(statistics, perf_bucket_lower(bucket, PERF_WORK_SHIFT));
}

/*
 * Writers number their events; a number and its complement are the data of a
 * sample, and each event takes 16 ticks, so that total = 16 * timed whenever
 * statistics are whole.
 */
static struct {
	bool stop;
} run;

static bool
stopped(void)
{
	return __atomic_load_n(&run.stop, __ATOMIC_RELAXED);
}

static void *
write_samples(void *argument)
{
	struct harness_stress *stress = argument;
	uint32_t cpu = stress->written, number = 0;

	stress->written = 0;
	scripted_cpu = cpu;
	scripted_task = 0x1000 * (cpu + 1);
	scripted_thread = 0x2000 * (cpu + 1);
	while (!stopped()) {
		struct perf_stamp start = {
			.ticks = perf_platform_clock() - 16,
			.epoch = __atomic_load_n(&perf_active.epoch, __ATOMIC_RELAXED),
			.cpu = cpu,
		};

		perf_time_end(PERF_EVENT_SYSCALL, 0, PERF_CURRENT, PERF_CURRENT, number,
			      ~number, &start);
		number++;
		stress->written++;
	}
	return NULL;
}

static void
read_statistics(struct harness_stress *stress)
{
	perf_event_stats_t stats;

	perf_report_event(PERF_EVENT_SYSCALL, &stats);
	if (stats.total != 16 * stats.timed || stats.count != stats.timed)
		stress->inconsistent++;
}

/* Each sample whole, each after the one before it. */
static void
check_samples(const perf_sample_t *samples, uint32_t count, uint32_t cpu,
	      struct harness_stress *stress)
{
	for (uint32_t i = 0; i < count; i++) {
		const perf_sample_t *sample = &samples[i];

		stress->torn += sample->data1 != ~sample->data2 || sample->duration != 16
				|| sample->cpu != cpu;
		stress->unaccounted +=
			i != 0 && sample->data1 != samples[i - 1].data1 + 1;
	}
}

/* The oldest samples are those that the writer is about to overwrite. */
static void
read_oldest(uint32_t cpu, perf_sample_t *samples, struct harness_stress *stress)
{
	uint64_t next, lost;
	uint32_t count = 512;

	perf_reader_read(cpu, PERF_CURSOR_OLDEST, samples, &count, &next, &lost);
	check_samples(samples, count, cpu, stress);
}

static void *
read_samples(void *argument)
{
	static __thread perf_sample_t samples[512];
	struct harness_stress *stress = argument;
	uint32_t cpu = stress->written;
	uint64_t cursor = PERF_CURSOR_OLDEST, next, lost;
	uint32_t expected = 0;
	bool numbered = false;

	stress->written = 0;
	while (!stopped()) {
		uint32_t count = 512;

		perf_reader_read(cpu, cursor, samples, &count, &next, &lost);
		if (next >> PERF_CURSOR_SEQUENCE_BITS
		    != cursor >> PERF_CURSOR_SEQUENCE_BITS)
			numbered = false; /* a reset: where it fell, nobody knows */
		expected += (uint32_t)lost;
		check_samples(samples, count, cpu, stress);
		if (count != 0) {
			stress->unaccounted += numbered && samples[0].data1 != expected;
			expected = samples[count - 1].data1 + 1;
			numbered = true;
		}
		stress->read += count;
		stress->lost += lost;
		cursor = next;
		read_oldest(cpu, samples, stress);
		read_statistics(stress);
	}
	return NULL;
}

static void
sleep_ms(uint32_t milliseconds)
{
	nanosleep(&(struct timespec){milliseconds / 1000,
				     milliseconds % 1000 * 1000000},
		  NULL);
}

void
harness_run_stress(uint32_t writers, uint32_t milliseconds, bool reset,
		   struct harness_stress *stress)
{
	struct harness_stress part[2 * PERF_PLATFORM_CPUS] = {{0}};
	pthread_t thread[2 * PERF_PLATFORM_CPUS];

	*stress = (struct harness_stress){0};
	run.stop = false;
	for (uint32_t i = 0; i < 2 * writers; i++) {
		part[i].written = i / 2;
		pthread_create(&thread[i], NULL, i % 2 ? read_samples : write_samples,
			       &part[i]);
	}
	for (uint32_t past = 0; past < milliseconds; past += 10) {
		sleep_ms(10);
		if (reset) {
			perf_control_reset();
			stress->resets++;
		}
	}
	__atomic_store_n(&run.stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < 2 * writers; i++) {
		pthread_join(thread[i], NULL);
		stress->written += part[i].written;
		stress->read += part[i].read;
		stress->lost += part[i].lost;
		stress->torn += part[i].torn;
		stress->unaccounted += part[i].unaccounted;
		stress->inconsistent += part[i].inconsistent;
	}
}

struct inserter {
	uintptr_t first;
	uint32_t keys;
	uint32_t ids[PERF_PLATFORM_TASKS];
	pthread_barrier_t *together;
};

static void *
insert_keys(void *argument)
{
	struct inserter *inserter = argument;

	for (uint32_t i = 0; i < inserter->keys; i++) {
		pthread_barrier_wait(inserter->together);
		perf_task_id(inserter->first + 16 * i);
		pthread_barrier_wait(inserter->together);
		inserter->ids[i] = perf_task_id(inserter->first + 16 * i);
	}
	return NULL;
}

uint32_t
harness_insert_together(uint32_t threads, uint32_t keys, uintptr_t first)
{
	struct inserter inserter[PERF_PLATFORM_CPUS];
	pthread_t thread[PERF_PLATFORM_CPUS];
	pthread_barrier_t together;
	uint32_t wrong = 0;

	pthread_barrier_init(&together, NULL, threads);
	for (uint32_t i = 0; i < threads; i++) {
		inserter[i].first = first;
		inserter[i].keys = keys;
		inserter[i].together = &together;
		pthread_create(&thread[i], NULL, insert_keys, &inserter[i]);
	}
	for (uint32_t i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t i = 0; i < threads; i++)
		for (uint32_t key = 0; key < keys; key++) {
			uint32_t id = inserter[i].ids[key];

			wrong += id == 0 || id != inserter[0].ids[key]
				 || perf_ids_key(&perf_tasks, id) != first + 16 * key;
		}
	pthread_barrier_destroy(&together);
	return wrong;
}
