/*
 * Ports, spaces and rights.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_ports.h"

#include <stdlib.h>

#include "embedded_kmsg.h"

/*
 * A name is index << 8 | generation.  receive and sends may both be there;
 * once excludes either.
 */
struct right {
	struct port *port; /* null: free */
	uint32_t sends;	   /* or SENDS_FOREVER */
	bool receive;
	bool once;
	uint8_t generation;
};

#define SENDS_FOREVER UINT32_MAX
#define NAME_GENERATION_BITS 8
#define SPACE_RIGHTS 4096

struct space {
	uint32_t next; /* to be looked at for a free one */
	struct right rights[SPACE_RIGHTS];
};

pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;

static struct space spaces[2];
struct space *const task_space = &spaces[0];
struct space *const kernel_space = &spaces[1];

static struct right *
right_of(struct space *space, mach_port_t name)
{
	uint32_t index = name >> NAME_GENERATION_BITS;
	struct right *right = &space->rights[index < SPACE_RIGHTS ? index : 0];

	if (right->port == NULL || right->generation != (uint8_t)name)
		return NULL;
	return right;
}

static mach_port_t
name_of(struct space *space, const struct right *right)
{
	return (mach_port_t)(right - space->rights) << NAME_GENERATION_BITS
	       | right->generation;
}

/* Null when the space is full. */
static struct right *
right_new(struct space *space)
{
	for (uint32_t tried = 1; tried < SPACE_RIGHTS; tried++) {
		space->next = space->next % (SPACE_RIGHTS - 1) + 1;
		struct right *right = &space->rights[space->next];

		if (right->port == NULL) {
			uint8_t generation = right->generation + 1;

			*right = (struct right){.generation = generation};
			return right;
		}
	}
	return NULL;
}

void
port_release(struct port *port)
{
	if (--port->references != 0)
		return;
	pthread_cond_destroy(&port->arrived);
	pthread_cond_destroy(&port->room);
	free(port);
}

static void
right_free(struct right *right)
{
	struct port *port = right->port;

	right->port = NULL;
	port_release(port);
}

static struct right *
send_right_of(struct space *space, const struct port *port)
{
	if (port->receiver == space)
		return right_of(space, port->name);
	for (uint32_t i = 1; i < SPACE_RIGHTS; i++)
		if (space->rights[i].port == port && space->rights[i].sends != 0)
			return &space->rights[i];
	return NULL;
}

mach_port_t
port_allocate(struct space *space, port_server_t server)
{
	struct port *port = calloc(1, sizeof *port);
	pthread_condattr_t monotonic;
	struct right *right;
	mach_port_t name = MACH_PORT_NULL;

	if (port == NULL)
		return MACH_PORT_NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&port->arrived, &monotonic);
	pthread_cond_init(&port->room, &monotonic);
	pthread_condattr_destroy(&monotonic);
	port->references = 1;
	port->server = server;

	pthread_mutex_lock(&ports_lock);
	right = right_new(space);
	if (right == NULL) {
		port_release(port);
	} else {
		right->port = port;
		right->receive = true;
		right->sends = 1;
		name = name_of(space, right);
		port->receiver = space;
		port->name = name;
	}
	pthread_mutex_unlock(&ports_lock);
	return name;
}

static void
port_die(struct port *port)
{
	port->receiver = NULL;
	while (port->first != NULL)
		kmsg_destroy(kmsg_dequeue(port));
	pthread_cond_broadcast(&port->arrived);
	pthread_cond_broadcast(&port->room);
}

void
port_destroy_locked(struct space *space, mach_port_t name)
{
	struct right *right = right_of(space, name);

	if (right == NULL)
		return;
	if (right->once) {
		struct port *port = right->port;

		right->port = NULL;
		right_drop(port, MACH_MSG_TYPE_PORT_SEND_ONCE);
		return;
	}
	if (right->receive)
		port_die(right->port);
	right_free(right);
}

void
port_destroy(struct space *space, mach_port_t name)
{
	pthread_mutex_lock(&ports_lock);
	port_destroy_locked(space, name);
	pthread_mutex_unlock(&ports_lock);
}

mach_port_t
port_give_send(struct space *from, mach_port_t name, struct space *to)
{
	mach_port_t given = MACH_PORT_NULL;
	uint32_t sent;

	pthread_mutex_lock(&ports_lock);
	if (right_check(from, name, MACH_MSG_TYPE_MAKE_SEND))
		given = right_put(to,
				  right_take(from, name, MACH_MSG_TYPE_MAKE_SEND, &sent),
				  MACH_MSG_TYPE_PORT_SEND);
	pthread_mutex_unlock(&ports_lock);
	return given;
}

void
port_offer(struct space *space, mach_port_t name)
{
	struct right *right;

	pthread_mutex_lock(&ports_lock);
	right = right_of(space, name);
	if (right != NULL)
		right->sends = SENDS_FOREVER;
	pthread_mutex_unlock(&ports_lock);
}

bool
right_check(struct space *space, mach_port_t name, uint32_t disposition)
{
	const struct right *right = right_of(space, name);

	if (right == NULL)
		return false;
	switch (disposition) {
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MOVE_SEND:
		return right->sends != 0 && right->port->receiver != NULL;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		return right->once && right->port->receiver != NULL;
	case MACH_MSG_TYPE_MAKE_SEND:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return right->receive;
	default: /* receive rights do not travel here */
		return false;
	}
}

bool
port_is_once(struct space *space, mach_port_t name)
{
	bool once;

	pthread_mutex_lock(&ports_lock);
	once = right_check(space, name, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	pthread_mutex_unlock(&ports_lock);
	return once;
}

struct port *
right_take(struct space *space, mach_port_t name, uint32_t disposition, uint32_t *sent)
{
	struct right *right = right_of(space, name);
	struct port *port;

	if (!right_check(space, name, disposition))
		return NULL;
	port = right->port;
	*sent = MACH_MSG_TYPE_PORT_SEND;
	switch (disposition) {
	case MACH_MSG_TYPE_MOVE_SEND:
		if (right->sends == SENDS_FOREVER || --right->sends != 0
		    || right->receive)
			break;
		right->port = NULL; /* its reference goes with the message */
		return port;
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		*sent = MACH_MSG_TYPE_PORT_SEND_ONCE;
		right->port = NULL;
		return port;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		*sent = MACH_MSG_TYPE_PORT_SEND_ONCE;
		break;
	}
	port->references++;
	return port;
}

mach_port_t
right_put(struct space *space, struct port *port, uint32_t sent)
{
	bool once = sent == MACH_MSG_TYPE_PORT_SEND_ONCE;
	struct right *right = once ? NULL : send_right_of(space, port);

	if (right != NULL) {
		right->sends += right->sends < SENDS_FOREVER - 1;
		port_release(port);
		return name_of(space, right);
	}
	right = right_new(space);
	if (right == NULL) {
		right_drop(port, sent);
		return MACH_PORT_NULL;
	}
	right->port = port;
	right->once = once;
	right->sends = !once;
	return name_of(space, right);
}

void
right_drop(struct port *port, uint32_t sent)
{
	if (sent == MACH_MSG_TYPE_PORT_SEND_ONCE && port->receiver != NULL
	    && port->server == NULL)
		kmsg_notify_send_once(port);
	port_release(port);
}

struct port *
port_received_by(struct space *space, mach_port_t name)
{
	const struct right *right = right_of(space, name);

	return right != NULL && right->receive ? right->port : NULL;
}
