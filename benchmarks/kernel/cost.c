/*
 * A boot task that does known work with monitoring off, at the default rate
 * and with every event recorded, and prints what each took: nothing else runs
 * in the guest, so that a clock which counts instructions says exactly.
 *
 * A line is "cost WORK MODE OPERATIONS TICKS EVENTS SAMPLES", all numbers in
 * hexadecimal, or "each WORK MODE N0 N1 ... N11", how many events there were of
 * each type.  What is measured around no operation at all is subtracted.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "mach.h"
#include "mach_host.h"
#include "perf_monitor_client.h"
#include "perf_workload_server.h"
#include "runtime.h"
#include "workload.h"

#define BUFFER 32768
#ifndef COST_OPERATIONS
#define COST_OPERATIONS 1000
#endif
#define EVENTS PERF_EVENTS_BUILTIN
#ifndef COST_WORKS
#define COST_WORKS 6 /* how many, of the first: those that take instructions and no time */
#endif

struct figures {
	uint64_t ticks;
	uint64_t events;
	uint64_t samples;
	uint64_t each[EVENTS];
};

struct work {
	const char *name;
	kern_return_t (*run)(uint32_t count);
};

struct mode {
	const char *name;
	boolean_t enabled;
	uint32_t rate;
};

static uint32_t done;

static kern_return_t requests(uint32_t count)
{
	return serve_workload_requests(MACH_PORT_NULL, count, &done);
}

static kern_return_t messages(uint32_t count)
{
	return serve_workload_messages(MACH_PORT_NULL, count, &done);
}

static kern_return_t faults(uint32_t count)
{
	return serve_workload_memory(MACH_PORT_NULL, count / 16, 16, &done);
}

static kern_return_t tasks(uint32_t count)
{
	return serve_workload_tasks(MACH_PORT_NULL, count, &done);
}

static kern_return_t threads(uint32_t count)
{
	return serve_workload_threads(MACH_PORT_NULL, count, &done);
}

/* As when programs start: a task and a thread, memory that is touched, a few messages. */
static kern_return_t mixed(uint32_t count)
{
	kern_return_t result = KERN_SUCCESS;

	for (uint32_t at = 0; at < count / 10 && result == KERN_SUCCESS; at++) {
		result = tasks(1);
		if (result == KERN_SUCCESS)
			result = threads(1);
		if (result == KERN_SUCCESS)
			result = faults(64);
		if (result == KERN_SUCCESS)
			result = messages(4);
	}
	return result;
}

/* Nothing, while the clock interrupts as often. */
static kern_return_t ticks(uint32_t count)
{
	guest_sleep(10 * count);
	return KERN_SUCCESS;
}

static const struct work works[] = {
	{ "requests", requests }, { "messages", messages }, { "faults", faults },
	{ "tasks", tasks },	  { "threads", threads },   { "mixed", mixed },
	{ "ticks", ticks },
};

static const struct mode modes[] = {
	{ "off", FALSE, PERF_RATE_DEFAULT },
	{ "default", TRUE, PERF_RATE_DEFAULT },
	{ "every", TRUE, PERF_RATE_EVERY_EVENT },
};

static void must(const char *what, kern_return_t result)
{
	if (result != KERN_SUCCESS)
		guest_fail(what, result);
}

/* Add how many events there are of each type, or take them off. */
static void count_each(uint64_t each[EVENTS], int sign)
{
	perf_event_stats_t stats;

	for (uint32_t event = 0; event < EVENTS; event++) {
		must("event", perf_get_event_stats(guest_host_port, event, &stats));
		each[event] += sign * stats.count;
	}
}

static struct figures measure(const struct work *work, uint32_t count)
{
	struct figures figures = { 0 };
	perf_system_stats_t before, after;
	uint64_t start, end;

	count_each(figures.each, -1);
	must("statistics", perf_get_system_stats(guest_host_port, &before));
	start = __builtin_ia32_rdtsc();
	must(work->name, work->run(count));
	end = __builtin_ia32_rdtsc();
	must("statistics", perf_get_system_stats(guest_host_port, &after));
	count_each(figures.each, 1);
	figures.ticks = end - start;
	figures.events = after.events - before.events;
	figures.samples = after.written - before.written;
	return figures;
}

static char *put_text(char *at, const char *text)
{
	while (*text != '\0')
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, uint64_t number)
{
	*at++ = ' ';
	for (int shift = 60; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[number >> shift & 15];
	return at;
}

static char *begin_line(char *at, const char *what, const struct work *work,
			const struct mode *mode)
{
	at = put_text(at, what);
	at = put_text(at, work->name);
	at = put_text(at, " ");
	return put_text(at, mode->name);
}

static void report(const struct work *work, const struct mode *mode, const struct figures *figures)
{
	char line[320], *at = begin_line(line, "cost ", work, mode);

	at = put_number(at, COST_OPERATIONS);
	at = put_number(at, figures->ticks);
	at = put_number(at, figures->events);
	at = put_number(at, figures->samples);
	*at = '\0';
	guest_print(line);
	at = begin_line(line, "each ", work, mode);
	for (uint32_t event = 0; event < EVENTS; event++)
		at = put_number(at, figures->each[event]);
	*at = '\0';
	guest_print(line);
}

static void run(const struct work *work, const struct mode *mode)
{
	struct figures all, around;

	must("disable", perf_monitor_enable(guest_host_port, FALSE));
	must("configure", perf_monitor_configure(guest_host_port, mode->rate, BUFFER));
	must("enable", perf_monitor_enable(guest_host_port, mode->enabled));
	measure(work, 32);
	around = measure(work, 0);
	all = measure(work, COST_OPERATIONS);
	must("disable", perf_monitor_enable(guest_host_port, FALSE));
	all.ticks -= around.ticks;
	all.events -= around.events;
	all.samples -= around.samples;
	for (uint32_t event = 0; event < EVENTS; event++)
		all.each[event] -= around.each[event];
	report(work, mode, &all);
}

void guest_main(void)
{
	mach_port_t workload;

	must("workload", workload_start(&workload));
	for (uint32_t w = 0; w < COST_WORKS; w++)
		for (uint32_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
			run(&works[w], &modes[m]);
	guest_fail("cost: end", KERN_SUCCESS);
}
