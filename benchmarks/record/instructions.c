/*
 * How many instructions an event takes on one CPU of a kernel: a process runs
 * each path once more, one instruction at a time.
 *
 * Prints lines of "path instructions", the calling sequence included.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf_control.h"
#include "perf_core.h"

#define RUNS 5

static uintptr_t task = 0x1000;
struct running running = {&task};
perf_sample_t ring_memory[PERF_BUFFER_MAX] __attribute__((aligned(64)));

static struct perf_stamp stamp;

static void __attribute__((noinline))
nothing(void)
{
	__asm__ __volatile__("");
}

static void __attribute__((noinline))
instant(void)
{
	perf_event_record(PERF_EVENT_PAGE_FAULT, 0, PERF_CURRENT, PERF_CURRENT, 1, 2);
}

static void __attribute__((noinline))
begin(void)
{
	perf_time_begin(PERF_EVENT_PAGE_FAULT, &stamp);
}

static void __attribute__((noinline))
end(void)
{
	perf_time_end(PERF_EVENT_PAGE_FAULT, 0, PERF_CURRENT, PERF_CURRENT, 1, 2, &stamp);
}

static void
every_event(void)
{
	perf_control_enable(false);
	perf_control_configure(PERF_RATE_EVERY_EVENT, PERF_BUFFER_MIN);
	perf_control_enable(true);
}

/* A bucket that holds no token, as it is most of the time under load. */
static void
rate_limited(void)
{
	perf_control_enable(false);
	perf_control_configure(PERF_RATE_MIN, PERF_BUFFER_MIN);
	perf_control_enable(true);
	for (int i = 0; i < 100; i++)
		instant();
}

static void
disabled(void)
{
	perf_control_enable(false);
}

/* min and max are reached at once; what follows is the usual path. */
static void
warm_up(void)
{
	static struct perf_stamp longest = {0};

	begin();
	longest = stamp;
	stamp.ticks = perf_platform_clock() + 100000000;
	end();
	stamp = longest;
	stamp.ticks -= 100000000;
	end();
	begin();
}

static const struct path {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
} paths[] = {
	{"call", disabled, nothing},
	{"disabled", disabled, instant},
	{"stamp", every_event, begin},
	{"instant_statistics", rate_limited, instant},
	{"timed_statistics", rate_limited, end},
	{"instant_sample", every_event, instant},
	{"timed_sample", every_event, end},
};

/* Stops around the call, so that the parent counts what lies between. */
static void
child(const struct path *path)
{
	perf_analysis_init();
	path->prepare();
	warm_up();
	path->run();
	warm_up();
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	__asm__ __volatile__("int3");
	path->run();
	__asm__ __volatile__("int3");
	_exit(0);
}

static siginfo_t
stop_reason(pid_t pid)
{
	siginfo_t info;

	ptrace(PTRACE_GETSIGINFO, pid, NULL, &info);
	return info;
}

static long
count(const struct path *path)
{
	pid_t pid = fork();
	long steps = 0;
	int status;

	if (pid == 0)
		child(path);
	waitpid(pid, &status, 0); /* SIGSTOP */
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	waitpid(pid, &status, 0); /* the first int3 */
	for (;;) {
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status))
			exit(1);
		/* Not TRAP_TRACE: the second int3 */
		if (stop_reason(pid).si_code != TRAP_TRACE)
			break;
		steps++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return steps;
}

/* Between two steps a busy machine may make the event longer than any before. */
static long
least_count(const struct path *path)
{
	long least = count(path);

	for (int run = 1; run < RUNS; run++) {
		long steps = count(path);

		if (steps < least)
			least = steps;
	}
	return least;
}

int
main(void)
{
	for (unsigned int i = 0; i < sizeof paths / sizeof paths[0]; i++)
		printf("%s %ld\n", paths[i].name, least_count(&paths[i]));
	return 0;
}
