/*
 * Ports, and the names that a space gives to rights to them.
 *
 * There are two spaces: the task's (this process, Python included) and the
 * kernel's.  As in Mach, a name means nothing outside its space, receive and
 * send rights to a port share a name, each send-once right has its own, and a
 * name that was given back is not soon given out again.
 *
 * One lock guards it all; whatever is marked [locked] is called with it held.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _EMBEDDED_PORTS_H_
#define _EMBEDDED_PORTS_H_

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <mach/message.h>

struct space;
struct kmsg;

/* Serves a port in the thread that sends to it, as a kernel serves its own. */
typedef boolean_t (*port_server_t)(mach_msg_header_t *request, mach_msg_header_t *reply);

#define PORT_QUEUE_LIMIT 5 /* Mach's default */

struct port {
	uint32_t references; /* rights in spaces and in messages */
	struct space *receiver; /* null: dead */
	mach_port_t name;	/* of the receive right, there */
	port_server_t server;	/* null: messages are queued */
	struct kmsg *first, *last;
	uint32_t queued;
	pthread_cond_t arrived;
	pthread_cond_t room;
};

extern pthread_mutex_t ports_lock;
extern struct space *const task_space;
extern struct space *const kernel_space;

/* A port with its receive right, and a send right besides, in the space. */
mach_port_t port_allocate(struct space *space, port_server_t server);

/* A send right in another space; MACH_PORT_NULL if the name has no receive right. */
mach_port_t port_give_send(struct space *from, mach_port_t name, struct space *to);

/*
 * Make the send rights of a name inexhaustible: it is offered to several
 * clients, and none may move it away from the others.
 */
void port_offer(struct space *space, mach_port_t name);

/* Is it a send-once right to a port that lives? */
bool port_is_once(struct space *space, mach_port_t name);

/* Destroy all the rights that a name stands for; an unknown one is harmless. */
void port_destroy(struct space *space, mach_port_t name);
/* [locked] The same. */
void port_destroy_locked(struct space *space, mach_port_t name);

/* [locked] Is there a right that may be sent with this disposition? */
bool right_check(struct space *space, mach_port_t name, uint32_t disposition);

/*
 * [locked] Take it: the port, referenced for a message; null if it is not
 * there, be it that the same message moved it already.  *sent is the disposition
 * as it is received.
 */
struct port *right_take(struct space *space, mach_port_t name, uint32_t disposition,
			uint32_t *sent);

/* [locked] Give a space a right out of a message; consumes the reference. */
mach_port_t right_put(struct space *space, struct port *port, uint32_t sent);

/*
 * [locked] Destroy a right that is in a message; a send-once right says so to
 * its port, if that lives.
 */
void right_drop(struct port *port, uint32_t sent);

/* [locked] The port that a receive right in the space names, or null. */
struct port *port_received_by(struct space *space, mach_port_t name);

/* [locked] */
void port_release(struct port *port);

#endif /* _EMBEDDED_PORTS_H_ */
