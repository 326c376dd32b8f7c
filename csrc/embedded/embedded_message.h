/*
 * Sending and receiving in a task: mach_msg in one piece, with its events.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_MESSAGE_H_
#define _EMBEDDED_MESSAGE_H_

#include <mach/message.h>

/* No part is null: leave it out with option. */
struct message_trap {
	mach_msg_option_t option; /* MACH_SEND_MSG, MACH_RCV_MSG, MACH_*_TIMEOUT */
	const mach_msg_header_t *send;
	mach_msg_size_t send_size;
	mach_port_t reply; /* stands in for msgh_local_port, if not null */
	mach_msg_header_t *receive;
	mach_msg_size_t receive_size;
	mach_port_t receive_name;
	mach_msg_timeout_t timeout; /* milliseconds, of each part */
};

/* From now on mach_msg() of this thread sends out of the kernel's space. */
void message_thread_of_kernel(void);

mach_msg_return_t message_trap(const struct message_trap *trap);

#endif /* _EMBEDDED_MESSAGE_H_ */
