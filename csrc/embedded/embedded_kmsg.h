/*
 * A message on its way: the sender's bytes, with ports in place of names.
 *
 * All of it is called with ports_lock held.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_KMSG_H_
#define _EMBEDDED_KMSG_H_

#include <stdbool.h>
#include <stdint.h>

#include <mach/message.h>

#include "embedded_ports.h"

/* Rights in the body of one message. */
#define KMSG_RIGHTS_MAX 16
#define KMSG_SIZE_MAX 65536

struct kmsg_right {
	uint32_t offset; /* of its name in the message */
	uint32_t sent;
	struct port *port;
};

struct kmsg {
	struct kmsg *next;
	struct port *destination;
	uint32_t destination_sent;
	struct port *reply; /* or null */
	uint32_t reply_sent;
	uint32_t right_count;
	struct kmsg_right rights[KMSG_RIGHTS_MAX];
	mach_msg_header_t header; /* the rest follows it */
};

/*
 * Take a message out of a space.  Refused with a MACH_SEND_* code, it changes
 * nothing there.  reply, unless null, stands in for msgh_local_port.
 */
mach_msg_return_t kmsg_copyin(struct space *space, const mach_msg_header_t *message,
			      uint32_t size, mach_port_t reply, struct kmsg **kmsg);

/* Put it into a space, at a message of its size; consumes it. */
void kmsg_copyout(struct kmsg *kmsg, struct space *space, mach_msg_header_t *message);

/* With its rights and its out-of-line memory. */
void kmsg_destroy(struct kmsg *kmsg);

void kmsg_enqueue(struct port *port, struct kmsg *kmsg);
struct kmsg *kmsg_dequeue(struct port *port);

/* Tell a port that a send-once right to it was destroyed. */
void kmsg_notify_send_once(struct port *port);

/*
 * Destroy the rights and the out-of-line memory in the body of a message that
 * a space received: what a server leaves to its caller when it answers with
 * an error.
 */
void kmsg_destroy_body(struct space *space, mach_msg_header_t *message);

#endif /* _EMBEDDED_KMSG_H_ */
