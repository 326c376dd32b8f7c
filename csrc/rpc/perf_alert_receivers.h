/*
 * Who waits for alerts: the send-once rights on file.
 *
 * One right, one alert: a receiver that does not listen, or that died, holds
 * one message at most.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ALERT_RECEIVERS_H_
#define _PERF_ALERT_RECEIVERS_H_

#include <stdbool.h>

#include "perf_platform_rpc_contract.h"

/*
 * Take a right, with success: KERN_INVALID_ARGUMENT if it is none,
 * KERN_RESOURCE_SHORTAGE if there are PERF_ALERT_RECEIVERS_MAX that live.
 */
kern_return_t perf_alert_receivers_add(perf_platform_port_t receiver);

/*
 * Once a second, by the platform's thread: find what crossed a threshold and
 * tell everybody.  False: nobody has waited for long; call again only after
 * perf_platform_alerts_wanted().
 */
bool perf_alert_receivers_tell(void);

#endif /* _PERF_ALERT_RECEIVERS_H_ */
