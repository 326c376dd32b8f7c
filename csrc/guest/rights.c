/*
 * Tables of clients' ports and rights.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rights.h"

#include "mach_port.h"
#include "message.h"
#include "runtime.h"

#define PORTS_MAX 64
#define FORGOTTEN (UINT64_C(1) << 37) /* clock ticks: a minute or so */
#define RIGHTS_MAX 64

static struct {
	mach_port_t name;
	uint64_t used;
} ports[PORTS_MAX];

/* Rights by name, in the order in which they came. */
static struct {
	mach_port_t name;
	boolean_t once;
} rights[RIGHTS_MAX];
static uint32_t next_right;

static inline uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

boolean_t rights_adopt(mach_port_t name)
{
	uint32_t oldest = 0;

	for (uint32_t at = 0; at < PORTS_MAX; at++)
		if (ports[at].used < ports[oldest].used)
			oldest = at;
	if (ports[oldest].name != MACH_PORT_NULL) {
		if (ticks() - ports[oldest].used < FORGOTTEN)
			return FALSE;
		rights_destroy(ports[oldest].name);
	}
	ports[oldest].name = name;
	ports[oldest].used = ticks();
	return TRUE;
}

mach_port_t rights_allocate(void)
{
	mach_port_t name = mach_reply_port();

	if (rights_adopt(name))
		return name;
	mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
	return MACH_PORT_NULL;
}

boolean_t rights_receive(mach_port_t name)
{
	for (uint32_t at = 0; name != MACH_PORT_NULL && at < PORTS_MAX; at++)
		if (ports[at].name == name) {
			ports[at].used = ticks();
			return TRUE;
		}
	return FALSE;
}

void rights_destroy(mach_port_t name)
{
	for (uint32_t at = 0; name != MACH_PORT_NULL && at < PORTS_MAX; at++)
		if (ports[at].name == name) {
			mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
			ports[at].name = MACH_PORT_NULL;
			ports[at].used = 0;
		}
}

static uint32_t find(mach_port_t name)
{
	uint32_t at = 0;

	while (at < RIGHTS_MAX && (name == MACH_PORT_NULL || rights[at].name != name))
		at++;
	return at;
}

mach_msg_bits_t rights_use(mach_port_t name)
{
	uint32_t at = find(name);

	if (at == RIGHTS_MAX)
		return 0;
	if (!rights[at].once)
		return MACH_MSG_TYPE_COPY_SEND;
	rights[at].name = MACH_PORT_NULL;
	return MACH_MSG_TYPE_MOVE_SEND_ONCE;
}

static boolean_t is_right(uint32_t name)
{
	return name >= MACH_MSG_TYPE_MOVE_RECEIVE && name <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static boolean_t may_give(mach_port_t name, uint32_t disposition,
			  boolean_t (*offered)(mach_port_t name))
{
	uint32_t at = find(name);

	if (name == MACH_PORT_NULL)
		return TRUE;
	switch (disposition) {
	case MACH_MSG_TYPE_MAKE_SEND:
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return rights_receive(name);
	case MACH_MSG_TYPE_COPY_SEND:
		return offered(name) || (at < RIGHTS_MAX && !rights[at].once);
	case MACH_MSG_TYPE_MOVE_SEND_ONCE:
		if (at == RIGHTS_MAX || !rights[at].once)
			return FALSE;
		rights[at].name = MACH_PORT_NULL;
		return TRUE;
	default:
		return FALSE;
	}
}

mach_msg_return_t rights_check(mach_msg_header_t *message, boolean_t (*offered)(mach_port_t name))
{
	uint32_t offset = sizeof(*message);
	struct message_item item;

	while (message_next_item(message, &offset, &item)) {
		mach_port_name_inlined_t *port = item.data;

		if (!is_right(item.name))
			continue;
		if (!item.type->msgt_inline || item.size != item.number * sizeof(*port))
			return MACH_SEND_INVALID_RIGHT;
		if (item.name == MACH_MSG_TYPE_MOVE_SEND)
			message_set_name(&item, MACH_MSG_TYPE_COPY_SEND);
		for (uint32_t at = 0; at < item.number; at++)
			if (!may_give(port[at].name, item.name, offered))
				return MACH_SEND_INVALID_RIGHT;
	}
	return MACH_MSG_SUCCESS;
}

static void take(mach_port_t name, boolean_t once)
{
	if (name == MACH_PORT_NULL || name == MACH_PORT_DEAD)
		return;
	if (!once && find(name) < RIGHTS_MAX) {
		mach_port_deallocate(mach_task_self(), name); /* one reference is enough */
		return;
	}
	if (rights[next_right].name != MACH_PORT_NULL)
		mach_port_deallocate(mach_task_self(), rights[next_right].name);
	rights[next_right].name = name;
	rights[next_right].once = once;
	next_right = (next_right + 1) % RIGHTS_MAX;
}

void rights_take(mach_msg_header_t *message)
{
	uint32_t offset = sizeof(*message);
	uint32_t remote = MACH_MSGH_BITS_REMOTE(message->msgh_bits);
	struct message_item item;

	if (is_right(remote))
		take(message->msgh_remote_port, remote == MACH_MSG_TYPE_PORT_SEND_ONCE);
	while (message_next_item(message, &offset, &item)) {
		const char *names = item.type->msgt_inline ? item.data : *(char **)item.data;

		if (item.name != MACH_MSG_TYPE_PORT_SEND && item.name != MACH_MSG_TYPE_PORT_SEND_ONCE)
			continue;
		/* On a machine of 64 bits they are as far apart as addresses, or as names. */
		for (uint32_t at = 0; at < item.number; at++)
			take(*(const mach_port_t *)(names + item.size / item.number * at),
			     item.name == MACH_MSG_TYPE_PORT_SEND_ONCE);
	}
}
