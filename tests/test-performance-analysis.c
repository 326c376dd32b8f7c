/*
 * The test suite of the performance monitor, inside a guest: a boot task that
 * asks the kernel itself, without any host, and prints a line for each check.
 *
 * `make run-performance-analysis` boots it.  Its last line is
 *
 *	performance-analysis: 14 checks, 0 failed
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/perf_monitor.h>

#include "mach.h"
#include "mach_host.h"
#include "mach_port.h"
#include "perf_monitor_client.h"
#include "perf_workload_server.h"
#include "runtime.h"
#include "workload.h"

#define HOST guest_host_port
#define NOBODY MACH_PORT_NULL
#define EVENTS_DEFAULT ((UINT64_C(1) << PERF_EVENTS_BUILTIN) - 1)
#define FIRST_NUMBER 1000000u
#define ALERT_ID 4800
#define SEQUENCE_MASK ((UINT64_C(1) << PERF_CURSOR_SEQUENCE_BITS) - 1)

static mach_port_t unprivileged;

/* A check returns null, or what was not as it should be. */
typedef const char *(*check_t)(void);

#define EXPECT(condition)			\
	do {					\
		if (!(condition))		\
			return #condition;	\
	} while (0)

/* As by default, empty, every event sampled, and recording. */
static kern_return_t restart(uint64_t events, uint32_t buffer, uint64_t mode)
{
	perf_monitor_enable(HOST, FALSE);
	perf_set_options(HOST, PERF_OPTION_MODE, mode);
	perf_set_options(HOST, PERF_OPTION_EVENT_MASK, events);
	perf_monitor_configure(HOST, PERF_RATE_EVERY_EVENT, buffer);
	perf_reset_stats(HOST);
	return perf_monitor_enable(HOST, TRUE);
}

static uint64_t count_of(uint32_t event)
{
	perf_event_stats_t stats;

	return perf_get_event_stats(HOST, event, &stats) == KERN_SUCCESS ? stats.count : UINT64_MAX;
}

static kern_return_t account(perf_info_cpu_t *account)
{
	perf_info_t info = {0};
	mach_msg_type_number_t count = PERF_INFO_MAX;
	kern_return_t result = perf_get_info(HOST, PERF_INFO_CPU, info, &count);

	memcpy(account, info, sizeof(*account));
	return result;
}

static boolean_t is_enabled(void)
{
	perf_info_t info = {0};
	mach_msg_type_number_t count = PERF_INFO_MAX;

	perf_get_info(HOST, PERF_INFO_INTERFACE, info, &count);
	return ((perf_info_interface_t *)info)->enabled != 0;
}

static const char *check_interface(void)
{
	perf_info_t info = {0};
	mach_msg_type_number_t count = PERF_INFO_MAX;
	const perf_info_interface_t *interface = (const perf_info_interface_t *)info;

	EXPECT(perf_get_info(HOST, PERF_INFO_INTERFACE, info, &count) == KERN_SUCCESS);
	EXPECT(interface->version == PERF_INTERFACE_VERSION);
	EXPECT(interface->sample_size == sizeof(perf_sample_t));
	EXPECT((interface->hooked & EVENTS_DEFAULT) == EVENTS_DEFAULT);
	EXPECT(interface->cpus >= 1);
	return NULL;
}

static const char *check_enable(void)
{
	for (int turn = 0; turn < 4; turn++) {
		boolean_t enable = turn < 2;

		EXPECT(perf_monitor_enable(HOST, enable) == KERN_SUCCESS);
		EXPECT(is_enabled() == enable);
	}
	return NULL;
}

static const char *check_configure(void)
{
	EXPECT(perf_monitor_configure(HOST, PERF_RATE_MAX, PERF_BUFFER_MIN) == KERN_SUCCESS);
	EXPECT(perf_monitor_configure(HOST, PERF_RATE_MAX + 1, PERF_BUFFER_MIN) ==
	       KERN_INVALID_ARGUMENT);
	EXPECT(perf_monitor_configure(HOST, PERF_RATE_MIN, 3000) == KERN_INVALID_ARGUMENT);
	EXPECT(perf_monitor_enable(HOST, TRUE) == KERN_SUCCESS);
	EXPECT(perf_monitor_configure(HOST, PERF_RATE_MIN, PERF_BUFFER_MIN) != KERN_SUCCESS);
	return NULL;
}

static const char *check_privilege(void)
{
	perf_event_stats_t stats;

	EXPECT(perf_monitor_enable(unprivileged, TRUE) == KERN_INVALID_HOST);
	EXPECT(perf_reset_stats(unprivileged) == KERN_INVALID_HOST);
	EXPECT(perf_get_event_stats(unprivileged, PERF_EVENT_SYSCALL, &stats) == KERN_SUCCESS);
	return NULL;
}

static const char *check_events(void)
{
	static const uint64_t least[PERF_EVENTS_BUILTIN] = {
		[PERF_EVENT_IPC_SEND] = 100,	    [PERF_EVENT_IPC_RECEIVE] = 100,
		[PERF_EVENT_VM_ALLOC] = 50,	    [PERF_EVENT_VM_FREE] = 50,
		[PERF_EVENT_TASK_CREATE] = 10,	    [PERF_EVENT_TASK_TERMINATE] = 10,
		[PERF_EVENT_THREAD_CREATE] = 10,    [PERF_EVENT_THREAD_TERMINATE] = 10,
		[PERF_EVENT_CONTEXT_SWITCH] = 10,   [PERF_EVENT_INTERRUPT] = 1,
		[PERF_EVENT_SYSCALL] = 200,	    [PERF_EVENT_PAGE_FAULT] = 200,
	};
	uint32_t done;

	EXPECT(restart(EVENTS_DEFAULT, PERF_BUFFER_DEFAULT, PERF_MODE_OVERWRITE) == KERN_SUCCESS);
	EXPECT(serve_workload_messages(NOBODY, 100, &done) == KERN_SUCCESS && done == 100);
	EXPECT(serve_workload_memory(NOBODY, 50, 4, &done) == KERN_SUCCESS && done == 50);
	EXPECT(serve_workload_tasks(NOBODY, 10, &done) == KERN_SUCCESS && done == 10);
	EXPECT(serve_workload_threads(NOBODY, 10, &done) == KERN_SUCCESS && done == 10);
	guest_sleep(50);
	for (uint32_t event = 0; event < PERF_EVENTS_BUILTIN; event++)
		EXPECT(count_of(event) >= least[event]);
	/* Nobody else makes these. */
	EXPECT(count_of(PERF_EVENT_VM_ALLOC) == 50 && count_of(PERF_EVENT_VM_FREE) == 50);
	EXPECT(count_of(PERF_EVENT_TASK_CREATE) == 10 && count_of(PERF_EVENT_TASK_TERMINATE) == 10);
	return NULL;
}

static const char *check_durations(void)
{
	static perf_histogram_t buckets;
	mach_msg_type_number_t count = PERF_HISTOGRAM_MAX;
	perf_event_stats_t stats;
	uint64_t sum = 0;

	perf_monitor_enable(HOST, FALSE);
	EXPECT(perf_get_event_stats(HOST, PERF_EVENT_VM_ALLOC, &stats) == KERN_SUCCESS);
	EXPECT(stats.timed == stats.count && stats.errors == 0);
	EXPECT(0 < stats.min && stats.min <= stats.mean && stats.mean <= stats.max);
	EXPECT(perf_get_histogram(HOST, PERF_EVENT_VM_ALLOC, PERF_HISTOGRAM_WORK, buckets,
				  &count) == KERN_SUCCESS);
	for (uint32_t at = 0; at < count; at++)
		sum += buckets[at].count;
	EXPECT(sum == stats.timed);
	return NULL;
}

static const char *check_conservation(void)
{
	perf_system_stats_t system;
	perf_info_cpu_t cpu;

	EXPECT(account(&cpu) == KERN_SUCCESS);
	EXPECT(cpu.events == cpu.written + cpu.rate_limited + cpu.refused);
	EXPECT(cpu.written == cpu.readable + cpu.overwritten);
	EXPECT(perf_get_system_stats(HOST, &system) == KERN_SUCCESS);
	EXPECT(system.table_overflows == 0);
	return NULL;
}

/* Numbers in samples go up by one, and by what was lost where something was. */
static const char *check_loss_by_content(void)
{
	perf_sample_array_t samples;
	mach_msg_type_number_t count;
	uint64_t cursor, next, lost;
	uint32_t done, number = 0;

	EXPECT(restart(1u << PERF_EVENT_IPC_SEND, PERF_BUFFER_MIN, PERF_MODE_OVERWRITE) ==
	       KERN_SUCCESS);
	EXPECT(perf_read_samples(HOST, 0, PERF_CURSOR_NEWEST, 0, &samples, &count, &cursor, &lost) ==
	       KERN_SUCCESS);
	EXPECT(serve_workload_numbers(NOBODY, FIRST_NUMBER, 3000, &done) == KERN_SUCCESS);
	EXPECT(perf_read_samples(HOST, 0, cursor, PERF_BUFFER_MAX, &samples, &count, &next, &lost) ==
	       KERN_SUCCESS);
	EXPECT(count == PERF_BUFFER_MIN);
	/* 3000 and the request that read them. */
	EXPECT((next & SEQUENCE_MASK) - (cursor & SEQUENCE_MASK) == 3001);
	EXPECT(lost + count == 3001);
	for (uint32_t at = 0; at < count - 1; at++) {
		number = samples[at].data1;
		EXPECT(number == FIRST_NUMBER + lost + at);
	}
	EXPECT(number == FIRST_NUMBER + 2999);
	syscall_vm_deallocate(mach_task_self(), (vm_offset_t)samples, count * sizeof(*samples));
	return NULL;
}

static const char *check_stop(void)
{
	perf_info_cpu_t cpu;
	uint32_t done;

	EXPECT(restart(1u << PERF_EVENT_IPC_SEND, PERF_BUFFER_MIN, PERF_MODE_STOP) == KERN_SUCCESS);
	EXPECT(serve_workload_messages(NOBODY, 2000, &done) == KERN_SUCCESS);
	EXPECT(account(&cpu) == KERN_SUCCESS);
	EXPECT(cpu.written == PERF_BUFFER_MIN && cpu.readable == PERF_BUFFER_MIN);
	EXPECT(cpu.refused == 2001 - PERF_BUFFER_MIN && cpu.overwritten == 0);
	return NULL;
}

static const char *check_regression(void)
{
	boolean_t detected = TRUE;
	perf_regression_t report;
	uint32_t done;

	EXPECT(restart(EVENTS_DEFAULT, PERF_BUFFER_MIN, PERF_MODE_OVERWRITE) == KERN_SUCCESS);
	EXPECT(perf_check_regression(HOST, PERF_EVENT_VM_ALLOC, 20, &detected) == KERN_FAILURE);
	serve_workload_memory(NOBODY, 200, 1, &done);
	EXPECT(perf_set_baseline(HOST) == KERN_SUCCESS);
	EXPECT(perf_check_regression(HOST, PERF_EVENT_VM_ALLOC, 20, &detected) == KERN_FAILURE);
	serve_workload_memory(NOBODY, 200, 1, &done);
	EXPECT(perf_get_regression(HOST, PERF_EVENT_VM_ALLOC, &report) == KERN_SUCCESS);
	EXPECT(report.baseline_count == 200 && report.current_count == 200);
	EXPECT(perf_check_regression(HOST, PERF_EVENT_VM_ALLOC, 1000000, &detected) ==
	       KERN_SUCCESS);
	EXPECT(!detected);
	return NULL;
}

static const char *check_alerts(void)
{
	mach_port_t receivers[PERF_ALERT_RECEIVERS_MAX];
	struct {
		mach_msg_header_t header;
		unsigned char body[256];
	} alert;
	uint32_t done;

	EXPECT(restart(EVENTS_DEFAULT, PERF_BUFFER_MIN, PERF_MODE_OVERWRITE) == KERN_SUCCESS);
	EXPECT(perf_set_thresholds(HOST, 1, 0, 0) == KERN_SUCCESS);
	for (int at = 0; at < PERF_ALERT_RECEIVERS_MAX; at++) {
		receivers[at] = mach_reply_port();
		EXPECT(perf_request_alerts(HOST, receivers[at]) == KERN_SUCCESS);
	}
	EXPECT(perf_request_alerts(HOST, receivers[0]) == KERN_RESOURCE_SHORTAGE);
	/* One that dies makes room. */
	mach_port_mod_refs(mach_task_self(), receivers[7], MACH_PORT_RIGHT_RECEIVE, -1);
	receivers[7] = mach_reply_port();
	EXPECT(perf_request_alerts(HOST, receivers[7]) == KERN_SUCCESS);
	serve_workload_memory(NOBODY, 200, 4, &done);
	for (int at = 0; at < PERF_ALERT_RECEIVERS_MAX; at++) {
		EXPECT(mach_msg(&alert.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(alert),
				receivers[at], 20000, MACH_PORT_NULL) == MACH_MSG_SUCCESS);
		/* The right of the refused request came back to the first. */
		if (alert.header.msgh_id != ALERT_ID)
			EXPECT(mach_msg(&alert.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
					sizeof(alert), receivers[at], 20000,
					MACH_PORT_NULL) == MACH_MSG_SUCCESS);
		EXPECT(alert.header.msgh_id == ALERT_ID);
		mach_port_mod_refs(mach_task_self(), receivers[at], MACH_PORT_RIGHT_RECEIVE, -1);
	}
	perf_set_thresholds(HOST, 0, 0, 0);
	return NULL;
}

static const char *check_profile(void)
{
	uint32_t done;

	EXPECT(restart(UINT64_C(1) << PERF_EVENT_PROFILE, PERF_BUFFER_MIN, PERF_MODE_OVERWRITE) ==
	       KERN_SUCCESS);
	for (int turn = 0; turn < 1000 && count_of(PERF_EVENT_PROFILE) < 5; turn++)
		serve_workload_memory(NOBODY, 50, 8, &done);
	EXPECT(count_of(PERF_EVENT_PROFILE) >= 5);
	EXPECT(count_of(PERF_EVENT_VM_ALLOC) == 0);
	return NULL;
}

static const char *check_names(void)
{
	perf_name_array_t names;
	mach_msg_type_number_t count;
	boolean_t found = FALSE;

	EXPECT(perf_get_names(HOST, PERF_NAMES_EVENTS, &names, &count) == KERN_SUCCESS);
	for (uint32_t at = 0; at < count; at++)
		if (names[at].id == PERF_EVENT_PAGE_FAULT)
			found = memcmp(names[at].name, "PAGE_FAULT", sizeof("PAGE_FAULT")) == 0;
	syscall_vm_deallocate(mach_task_self(), (vm_offset_t)names, count * sizeof(*names));
	EXPECT(found);
	return NULL;
}

/* Enabled and disabled over and over, under load, all is still counted. */
static const char *check_switching(void)
{
	uint64_t before, allocations = 0;
	uint32_t done;

	EXPECT(restart(EVENTS_DEFAULT, PERF_BUFFER_MIN, PERF_MODE_OVERWRITE) == KERN_SUCCESS);
	for (int turn = 0; turn < 1000; turn++) {
		EXPECT(perf_monitor_enable(HOST, FALSE) == KERN_SUCCESS);
		before = count_of(PERF_EVENT_VM_ALLOC);
		serve_workload_memory(NOBODY, 1, 1, &done);
		EXPECT(count_of(PERF_EVENT_VM_ALLOC) == before);
		EXPECT(perf_monitor_enable(HOST, TRUE) == KERN_SUCCESS);
		serve_workload_memory(NOBODY, 2, 1, &done);
		allocations += 2;
		EXPECT(count_of(PERF_EVENT_VM_ALLOC) == allocations);
	}
	return check_conservation();
}

static const struct {
	const char *name;
	check_t check;
} checks[] = {
	{"interface", check_interface},
	{"enable and disable, twice as once", check_enable},
	{"configure refuses what is out of range", check_configure},
	{"privilege", check_privilege},
	{"all twelve events are counted", check_events},
	{"durations and histogram", check_durations},
	{"conservation of events", check_conservation},
	{"loss, by content", check_loss_by_content},
	{"a full ring stops", check_stop},
	{"baseline and regression", check_regression},
	{"alerts", check_alerts},
	{"profile", check_profile},
	{"names", check_names},
	{"switched 1000 times under load", check_switching},
};

#define CHECKS (sizeof(checks) / sizeof(checks[0]))

static char *append(char *at, const char *text)
{
	size_t size = strlen(text);

	memcpy(at, text, size);
	at[size] = '\0';
	return at + size;
}

static char *append_number(char *at, uint32_t number)
{
	char digits[] = {'0' + (char)(number / 10 % 10), '0' + (char)(number % 10), '\0'};

	return append(at, number < 10 ? digits + 1 : digits);
}

void guest_main(void)
{
	static char line[512];
	mach_port_t workload;
	uint32_t failed = 0;
	char *at;

	unprivileged = mach_host_self();
	if (workload_start(&workload) != KERN_SUCCESS)
		guest_fail("no workload", KERN_FAILURE);
	guest_print(""); /* behind what the kernel has begun */
	for (uint32_t check = 0; check < CHECKS; check++) {
		const char *wrong;

		perf_monitor_enable(HOST, FALSE);
		wrong = checks[check].check();
		at = append(line, wrong == NULL ? "PASS  " : "FAIL  ");
		at = append(at, checks[check].name);
		if (wrong != NULL) {
			at = append(at, ": expected ");
			append(at, wrong);
			failed++;
		}
		guest_print(line);
	}
	at = append_number(append(line, "performance-analysis: "), CHECKS);
	at = append_number(append(at, " checks, "), failed);
	append(at, " failed");
	guest_print(line);
	host_reboot(HOST, 0);
	for (;;)
		guest_sleep(1000);
}
