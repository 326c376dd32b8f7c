/*
 * Stopping the other processors, so that the kernel's code can be changed.
 *
 * An instruction must not change while another processor may be executing it.
 * So each processor has a thread bound to it, which waits until it is called.
 * A stop has two steps.  First all of them come here, with interrupts on: a
 * processor that waits here has let go of all that it was doing in the kernel,
 * and still answers what others ask of it (such as to forget translations of
 * addresses).  Only when every processor waits here do they mask their
 * interrupts; then nobody asks for anything, and one changes the code.  Each
 * executes a serialising instruction before it goes on, so that it has nothing
 * left from before the change.
 *
 * A processor that does not come in time is not waited for: the stop fails and
 * nothing is changed.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_kernel.h>
#include <perf_order.h>
#include <perf_platform.h>

#include "perf_thread.h"

#define PATIENCE 5 /* seconds for a processor to come */
#define ROUNDS_OF_WAITING 200
#define ROUNDS_MASKED 100000000

typedef struct processor *processor_t;

void __real_thread_block(void (*continuation)(void));
void thread_bind(thread_t thread, processor_t processor);

extern char machine_slot[], percpu_array[];

/*
 * The present stop: its number times four, and its step.  Written by who
 * stops, under the control lock; a processor does what it says for as long as
 * it is what it was.
 */
enum { OVER, COME, MASK, STEPS = 4 };
static uint32_t stop;

/* The last stop that a processor has come for, and masked its interrupts for. */
static struct {
	uint32_t come;
	uint32_t masked;
} attendance[PERF_PLATFORM_CPUS];

/* Threads that were made, and of them those that have bound themselves. */
static uint32_t threads_made, threads_begun, threads_bound;

static inline void
serialise(void)
{
	uint32_t eax = 0, ebx, ecx, edx;

	__asm__ __volatile__("cpuid"
			     : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx)
			     :
			     : "memory");
}

static void
wait_while(uint32_t step)
{
	while (perf_load32(&stop) == step)
		perf_platform_pause();
}

static void
attend(uint32_t cpu)
{
	uint32_t step = perf_load32(&stop), number = step / STEPS;
	unsigned long saved;

	if (step % STEPS != COME || perf_platform_cpu() != cpu)
		return;
	perf_publish32(&attendance[cpu].come, number);
	wait_while(step);
	step = number * STEPS + MASK;
	if (perf_load32(&stop) != step)
		return;
	saved = perf_platform_mask();
	perf_publish32(&attendance[cpu].masked, number);
	wait_while(step);
	serialise();
	perf_platform_unmask(saved);
}

/* The thread of a processor: the first that begins takes the first. */
static void
attend_for_ever(void)
{
	uint32_t cpu = __atomic_fetch_add(&threads_begun, 1, __ATOMIC_RELAXED);
	char *percpu = percpu_array + cpu * PERF_SIZE_PERCPU;

	thread_bind((thread_t)perf_platform_thread(),
		    (processor_t)(percpu + PERF_OFFSET_PERCPU_PROCESSOR));
	__atomic_fetch_add(&threads_bound, 1, __ATOMIC_RELEASE);
	for (;;) {
		assert_wait(&attendance[cpu], FALSE);
		__real_thread_block(NULL);
		attend(cpu);
	}
}

static inline bool
runs(uint32_t cpu)
{
	return *(volatile boolean_t *)(machine_slot + cpu * PERF_SIZE_SLOT +
				       PERF_OFFSET_SLOT_RUNNING) != 0;
}

/* A wake-up that comes before its thread waits is lost, so again and again. */
static bool
await_coming(uint32_t cpu, uint32_t number)
{
	uint32_t begin = elapsed_ticks;

	while (perf_load32(&attendance[cpu].come) != number) {
		if (elapsed_ticks - begin > PATIENCE * (uint32_t)hz)
			return false;
		thread_wakeup_prim(&attendance[cpu], FALSE, 0);
		for (int i = 0; i < ROUNDS_OF_WAITING; i++)
			perf_platform_pause();
	}
	return true;
}

static bool
await_masking(uint32_t cpu, uint32_t number)
{
	for (uint32_t i = 0; i < ROUNDS_MASKED; i++) {
		if (perf_load32(&attendance[cpu].masked) == number)
			return true;
		perf_platform_pause();
	}
	return false;
}

static bool
all_others(bool (*await)(uint32_t cpu, uint32_t number), uint32_t number)
{
	for (uint32_t cpu = 0; cpu < perf_platform_cpus(); cpu++)
		if (cpu != perf_platform_cpu() && runs(cpu) && !await(cpu, number))
			return false;
	return true;
}

/*
 * Before it is bound, a thread runs where everything does, which is here: this
 * sleeps until all are.
 */
static bool
make_threads(void)
{
	uint32_t begin = elapsed_ticks;

	for (; threads_made < perf_platform_cpus(); threads_made++)
		perf_thread_begin("perfmon", attend_for_ever);
	while (perf_load32(&threads_bound) < threads_made) {
		if (elapsed_ticks - begin > PATIENCE * (uint32_t)hz)
			return false;
		assert_wait(NULL, FALSE);
		thread_set_timeout(1);
		__real_thread_block(NULL);
	}
	return true;
}

bool
perf_processors_stop(unsigned long *saved)
{
	uint32_t number = (stop / STEPS + 1) % (UINT32_MAX / STEPS);
	bool stopped;

	/* Before there is a thread, no other processor runs. */
	if (perf_platform_thread() == 0) {
		*saved = perf_platform_mask();
		return true;
	}
	if (perf_platform_cpus() > 1 && !make_threads())
		return false;
	perf_publish32(&stop, number * STEPS + COME);
	stopped = all_others(await_coming, number);
	if (stopped) {
		*saved = perf_platform_mask();
		perf_publish32(&stop, number * STEPS + MASK);
		stopped = all_others(await_masking, number);
		if (!stopped)
			perf_platform_unmask(*saved);
	}
	if (!stopped)
		perf_publish32(&stop, number * STEPS + OVER);
	return stopped;
}

void
perf_processors_start(unsigned long saved)
{
	perf_publish32(&stop, stop - stop % STEPS + OVER);
	perf_platform_unmask(saved);
}
