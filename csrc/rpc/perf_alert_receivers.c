/*
 * Send-once rights on file, and what is sent to them.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_alert_receivers.h"

#include "perf_alerts.h"
#include "perf_platform_contract.h"

/* A receiver that asks again at once must not find the windows begun anew. */
#define IDLE_LOOKS 10

/* Under the control lock. */
static struct {
	uint32_t count;
	perf_platform_port_t receiver[PERF_ALERT_RECEIVERS_MAX];
	bool looking;	     /* the platform's thread calls, or is about to */
	uint32_t idle_looks; /* without a receiver, one after the other */
} waiting;

kern_return_t perf_alert(perf_platform_port_t notify, uint32_t kind, uint32_t event,
			 uint64_t value, uint64_t threshold, uint64_t timestamp);

/* The dead make room. */
static void
bury(void)
{
	uint32_t alive = 0;

	for (uint32_t i = 0; i < waiting.count; i++) {
		if (perf_platform_port_lives(waiting.receiver[i]))
			waiting.receiver[alive++] = waiting.receiver[i];
		else
			perf_platform_port_release(waiting.receiver[i]);
	}
	waiting.count = alive;
}

static kern_return_t
add(perf_platform_port_t receiver)
{
	kern_return_t kr = KERN_SUCCESS;

	bury();
	if (waiting.count == PERF_ALERT_RECEIVERS_MAX)
		return KERN_RESOURCE_SHORTAGE;
	if (!waiting.looking) {
		perf_alerts_begin();
		kr = perf_platform_alerts_wanted();
	}
	if (kr != KERN_SUCCESS)
		return kr;
	waiting.looking = true;
	waiting.receiver[waiting.count++] = receiver;
	return KERN_SUCCESS;
}

kern_return_t
perf_alert_receivers_add(perf_platform_port_t receiver)
{
	kern_return_t kr;

	if (!perf_platform_port_lives(receiver))
		return KERN_INVALID_ARGUMENT;
	perf_platform_lock();
	kr = add(receiver);
	perf_platform_unlock();
	return kr;
}

/* All that are on file; they are then on file no more. */
static uint32_t
take(perf_platform_port_t receivers[PERF_ALERT_RECEIVERS_MAX])
{
	uint32_t count;

	perf_platform_lock();
	count = waiting.count;
	for (uint32_t i = 0; i < count; i++)
		receivers[i] = waiting.receiver[i];
	waiting.count = 0;
	perf_platform_unlock();
	return count;
}

/* Look on?  Asked in one with it: who begins to wait in between begins the looking anew. */
static bool
somebody_waits(bool *look_on)
{
	bool somebody;

	perf_platform_lock();
	bury();
	somebody = waiting.count != 0;
	waiting.idle_looks = somebody ? 0 : waiting.idle_looks + 1;
	if (waiting.idle_looks == IDLE_LOOKS) {
		waiting.idle_looks = 0;
		waiting.looking = false;
	}
	*look_on = waiting.looking;
	perf_platform_unlock();
	return somebody;
}

bool
perf_alert_receivers_tell(void)
{
	perf_platform_port_t receivers[PERF_ALERT_RECEIVERS_MAX];
	struct perf_alert alert;
	uint32_t count;
	bool look_on;

	if (!somebody_waits(&look_on))
		return look_on;
	if (!perf_alerts_find(&alert))
		return true;
	count = take(receivers);
	/* Who has been told finds it counted. */
	perf_alerts_count(count);
	for (uint32_t i = 0; i < count; i++)
		perf_alert(receivers[i], alert.kind, alert.event, alert.value, alert.threshold,
			   alert.timestamp);
	return true;
}
