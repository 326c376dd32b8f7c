/*
 * Types and constants of the performance monitor's interface.
 *
 * Everything here crosses the RPC interface or lies in a ring buffer, so
 * nothing here may change without a new PERF_INTERFACE_VERSION: offsets are
 * asserted at the end of the file.  Times are nanoseconds, except in
 * struct perf_sample, which carries raw clock ticks.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_PERF_MONITOR_H_
#define _MACH_PERF_MONITOR_H_

#include <stddef.h>
#include <stdint.h>

#include <mach/kern_return.h>

#define PERF_INTERFACE_VERSION 1

/* Not yet in GNU Mach's kern_return.h; OSF Mach's number. */
#ifndef KERN_NOT_SUPPORTED
#define KERN_NOT_SUPPORTED 46
#endif

/*
 * Events.  data1 and data2 of a sample are given in brackets.
 */
typedef enum perf_event_type {
	PERF_EVENT_IPC_SEND = 0,	 /* [msgh_id, size] */
	PERF_EVENT_IPC_RECEIVE = 1,	 /* [msgh_id, size] */
	PERF_EVENT_VM_ALLOC = 2,	 /* [address, size] */
	PERF_EVENT_VM_FREE = 3,		 /* [address, size] */
	PERF_EVENT_TASK_CREATE = 4,	 /* [task, parent] */
	PERF_EVENT_TASK_TERMINATE = 5,	 /* [task, caller] */
	PERF_EVENT_THREAD_CREATE = 6,	 /* [thread, task] */
	PERF_EVENT_THREAD_TERMINATE = 7, /* [thread, task] */
	PERF_EVENT_CONTEXT_SWITCH = 8,	 /* [from thread, to thread] */
	PERF_EVENT_INTERRUPT = 9,	 /* [irq, pc] */
	PERF_EVENT_SYSCALL = 10,	 /* [trap number, result] */
	PERF_EVENT_PAGE_FAULT = 11,	 /* [address, protection] */
	PERF_EVENT_PROFILE = 12,	 /* [pc, perf_profile_data2(pc, user mode)] */
} perf_event_type_t;

#define PERF_EVENTS_BUILTIN 12	/* what the default event mask holds */
#define PERF_EVENT_FIRST_REGISTERED 16
#define PERF_EVENT_MAX 64	/* bits of an event mask */

/*
 * data2 of a PROFILE: bit 0 is set in user mode; the others are the bits 32 to
 * 62 of the program counter, of which bit 63 is a copy of bit 62.
 */
static inline uint32_t
perf_profile_data2(uint64_t pc, int user_mode)
{
	return (uint32_t)(pc >> 32) << 1 | (user_mode != 0);
}

/* Flags of a sample. */
#define PERF_FLAG_ERROR 0x0001	   /* the call failed */
#define PERF_FLAG_WAITED 0x0002	   /* it blocked in between */
#define PERF_FLAG_SATURATED 0x0004 /* duration does not fit or was negative */
#define PERF_FLAG_MIGRATED 0x0008  /* it ended on another CPU */
#define PERF_FLAG_INSTANT 0x0010   /* no duration was measured */

/*
 * One recorded event: 32 bytes, which are at once a CTF 1.8 event whose
 * header is {timestamp, event}.
 */
typedef struct perf_sample {
	uint64_t timestamp; /* clock ticks, at the end of the event */
	uint8_t event;
	uint8_t cpu;
	uint16_t flags;
	uint32_t duration; /* clock ticks, saturating */
	uint32_t task;	   /* small id, never reused; 0: none */
	uint32_t thread;
	uint32_t data1;
	uint32_t data2;
} perf_sample_t;

typedef perf_sample_t *perf_sample_array_t;
typedef const perf_sample_t *const_perf_sample_array_t;

/*
 * A cursor is opaque but for these: the upper 16 bits are a generation, which
 * configure and reset advance, the lower 48 count the samples written.
 */
#define PERF_CURSOR_OLDEST UINT64_C(0)
#define PERF_CURSOR_NEWEST UINT64_MAX
#define PERF_CURSOR_SEQUENCE_BITS 48

/* perf_monitor_configure. */
#define PERF_RATE_EVERY_EVENT 0
#define PERF_RATE_MIN 100
#define PERF_RATE_MAX 5000
#define PERF_RATE_DEFAULT 1000
#define PERF_BUFFER_MIN 1024
#define PERF_BUFFER_MAX 32768
#define PERF_BUFFER_DEFAULT 8192

/* perf_set_options. */
#define PERF_OPTION_EVENT_MASK 0	 /* bit n: event n */
#define PERF_OPTION_MODE 1		 /* PERF_MODE_* */
#define PERF_OPTION_EXCLUDED_TASK 2	 /* a task's small id; 0: none */
#define PERF_OPTION_REGRESSION_PERCENT 3 /* threshold of the regression flag */

#define PERF_MODE_OVERWRITE 0 /* keep the newest samples */
#define PERF_MODE_STOP 1      /* keep the oldest, refuse when full */

#define PERF_REGRESSION_PERCENT_DEFAULT 20
#define PERF_REGRESSION_MIN_EVENTS 30

/* perf_get_info. */
#define PERF_INFO_INTERFACE 0
#define PERF_INFO_CONFIGURATION 1
#define PERF_INFO_CLOCK 2
#define PERF_INFO_CPU 16 /* + CPU number */
#define PERF_INFO_MAX 32 /* words */

typedef uint64_t perf_info_t[PERF_INFO_MAX];

typedef struct perf_info_interface {
	uint64_t version;	/* PERF_INTERFACE_VERSION */
	uint64_t sample_size;	/* sizeof (struct perf_sample) */
	uint64_t event_max;	/* PERF_EVENT_MAX */
	uint64_t events;	/* mask: ids that have a name */
	uint64_t hooked;	/* mask: events this host can record */
	uint64_t timed;		/* mask: events it measures durations of */
	uint64_t cpus;
	uint64_t enabled;
} perf_info_interface_t;

typedef struct perf_info_configuration {
	uint64_t sample_rate;
	uint64_t buffer_size;
	uint64_t event_mask;
	uint64_t mode;
	uint64_t excluded_task;
	uint64_t regression_percent;
	uint64_t latency_us;
	uint64_t throughput;
	uint64_t error_rate;
	uint64_t generation;
} perf_info_configuration_t;

typedef struct perf_info_clock {
	uint64_t ticks_per_second;
	uint64_t ticks_now;
	uint64_t boot_ticks;	   /* the clock when nanoseconds were 0 */
	uint64_t wall_seconds;	   /* wall-clock time at ticks_now */
	uint64_t wall_nanoseconds;
} perf_info_clock_t;

/* events = written + rate_limited + refused; written = readable + overwritten. */
typedef struct perf_info_cpu {
	uint64_t events; /* of the mask, since generation began */
	uint64_t written;
	uint64_t overwritten;
	uint64_t rate_limited;
	uint64_t refused;
	uint64_t readable;
	uint64_t oldest; /* cursor of the oldest readable sample */
	uint64_t newest; /* cursor behind the newest */
} perf_info_cpu_t;

/*
 * Statistics of an event.  Events that waited count in waits and wait_total;
 * total, min, max and mean are of the timed events that did not wait.
 */
typedef struct perf_event_stats {
	uint64_t count;
	uint64_t errors;
	uint64_t waits;
	uint64_t timed; /* events behind total */
	uint64_t total;
	uint64_t wait_total;
	uint64_t min; /* 0 while timed is 0 */
	uint64_t max;
	uint64_t mean;
	uint64_t last; /* end of the newest, since boot */
} perf_event_stats_t;

/* perf_get_histogram. */
#define PERF_HISTOGRAM_WORK 0
#define PERF_HISTOGRAM_WAIT 1
#define PERF_HISTOGRAM_MAX 128

typedef struct perf_bucket {
	uint64_t lower; /* inclusive */
	uint64_t upper; /* exclusive; UINT64_MAX: open */
	uint64_t count;
} perf_bucket_t;

typedef perf_bucket_t perf_histogram_t[PERF_HISTOGRAM_MAX];

typedef struct perf_system_stats {
	uint64_t events; /* of the mask */
	uint64_t errors;
	uint64_t written;
	uint64_t overwritten;
	uint64_t rate_limited;
	uint64_t refused;
	uint64_t table_overflows; /* tasks or threads that found no id */
	uint64_t time_monitored;
	uint64_t requests; /* perf RPCs that this host has served */
	uint64_t alerts;   /* sent */
	uint64_t regression;
} perf_system_stats_t;

typedef struct perf_regression {
	int64_t change; /* of the mean, in hundredths of a percent */
	uint64_t baseline_count;
	uint64_t baseline_mean;
	uint64_t current_count;
	uint64_t current_mean;
} perf_regression_t;

/* perf_set_thresholds. */
#define PERF_LATENCY_US_DEFAULT 1000
#define PERF_THROUGHPUT_DEFAULT 1000
#define PERF_ERROR_RATE_DEFAULT 5

/* perf_alert. */
#define PERF_ALERT_LATENCY 0
#define PERF_ALERT_THROUGHPUT 1
#define PERF_ALERT_ERROR_RATE 2
#define PERF_ALERT_REGRESSION 3
#define PERF_ALERT_RECEIVERS_MAX 8

/* perf_get_names. */
#define PERF_NAMES_EVENTS 0
#define PERF_NAMES_TASKS 1
#define PERF_NAMES_THREADS 2 /* parent is the task */
#define PERF_NAMES_TRAPS 3

#define PERF_NAME_LENGTH 56

typedef char perf_name_string_t[PERF_NAME_LENGTH];

typedef struct perf_name {
	uint32_t id;
	uint32_t parent;
	perf_name_string_t name;
} perf_name_t;

typedef perf_name_t *perf_name_array_t;
typedef const perf_name_t *const_perf_name_array_t;

#define PERF_ASSERT_OFFSET(type, field, at) \
	_Static_assert(offsetof(type, field) == (at), #type "." #field)

PERF_ASSERT_OFFSET(perf_sample_t, timestamp, 0);
PERF_ASSERT_OFFSET(perf_sample_t, event, 8);
PERF_ASSERT_OFFSET(perf_sample_t, cpu, 9);
PERF_ASSERT_OFFSET(perf_sample_t, flags, 10);
PERF_ASSERT_OFFSET(perf_sample_t, duration, 12);
PERF_ASSERT_OFFSET(perf_sample_t, task, 16);
PERF_ASSERT_OFFSET(perf_sample_t, thread, 20);
PERF_ASSERT_OFFSET(perf_sample_t, data1, 24);
PERF_ASSERT_OFFSET(perf_sample_t, data2, 28);
_Static_assert(sizeof(perf_sample_t) == 32, "perf_sample_t");

PERF_ASSERT_OFFSET(perf_event_stats_t, timed, 24);
PERF_ASSERT_OFFSET(perf_event_stats_t, last, 72);
_Static_assert(sizeof(perf_event_stats_t) == 80, "perf_event_stats_t");
PERF_ASSERT_OFFSET(perf_system_stats_t, requests, 64);
_Static_assert(sizeof(perf_system_stats_t) == 88, "perf_system_stats_t");
_Static_assert(sizeof(perf_bucket_t) == 24, "perf_bucket_t");
_Static_assert(sizeof(perf_regression_t) == 40, "perf_regression_t");
PERF_ASSERT_OFFSET(perf_name_t, name, 8);
_Static_assert(sizeof(perf_name_t) == 64, "perf_name_t");
_Static_assert(sizeof(perf_info_interface_t) <= sizeof(perf_info_t), "interface");
_Static_assert(sizeof(perf_info_configuration_t) <= sizeof(perf_info_t), "configuration");
_Static_assert(sizeof(perf_info_clock_t) <= sizeof(perf_info_t), "clock");
_Static_assert(sizeof(perf_info_cpu_t) <= sizeof(perf_info_t), "cpu");

#undef PERF_ASSERT_OFFSET

#endif /* _MACH_PERF_MONITOR_H_ */
