/*
 * The kernel's thread that looks at thresholds, once a second while anybody
 * waits for an alert.  It begins with the first who does.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_kernel.h>
#include <perf_platform.h>

#include "perf_alert_receivers.h"
#include "perf_thread.h"

#define THREAD_AWAKENED 0

static struct {
	bool exists;
	volatile bool wanted;
} looker;

static void
sleep_for(int ticks)
{
	assert_wait(NULL, FALSE);
	thread_set_timeout(ticks);
	thread_block(NULL);
}

static void
sleep_until_wanted(void)
{
	assert_wait((void *)&looker, FALSE);
	if (looker.wanted)
		clear_wait((thread_t)perf_platform_thread(), THREAD_AWAKENED, FALSE);
	else
		thread_block(NULL);
}

static void
look_for_ever(void)
{
	for (;;) {
		looker.wanted = false;
		do
			sleep_for(hz);
		while (perf_alert_receivers_tell());
		while (!looker.wanted)
			sleep_until_wanted();
	}
}

static void
begin_looking(void)
{
	perf_thread_begin("perfmon", look_for_ever);
}

/*
 * The thread clears wanted before it looks who waits: who asks in between is
 * seen then.
 */
kern_return_t
perf_alerts_wanted(void)
{
	looker.wanted = true;
	if (looker.exists)
		thread_wakeup_prim((void *)&looker, FALSE, THREAD_AWAKENED);
	else
		begin_looking();
	looker.exists = true;
	return KERN_SUCCESS;
}
