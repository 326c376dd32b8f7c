/*
 * The thread that looks at thresholds, once a second while anybody waits for
 * an alert.  It belongs to the kernel, whose port names it sends to.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_message.h"
#include "perf_alert_receivers.h"

#include <pthread.h>
#include <time.h>

static void *
look(void *argument)
{
	struct timespec second = {.tv_sec = 1};

	(void)argument;
	pthread_setname_np(pthread_self(), "alerts");
	message_thread_of_kernel();
	do
		nanosleep(&second, NULL);
	while (perf_alert_receivers_tell());
	return NULL;
}

kern_return_t
embedded_alerts_wanted(void)
{
	pthread_attr_t detached;
	pthread_t thread;
	int error;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &detached, look, NULL);
	pthread_attr_destroy(&detached);
	return error == 0 ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}
