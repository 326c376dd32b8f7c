/*
 * See socket_mach.h.  The stream is a line that says what is on offer, and
 * then messages, which delimit themselves.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <mach/kern_return.h>
#include <mach/message.h>
#include <mach/mig_support.h>

#include "socket_mach.h"

static int stream;
static mach_port_t reply_port;

static void
fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void
read_all(void *to, size_t size)
{
	for (char *at = to; size > 0;) {
		ssize_t count = read(stream, at, size);

		if (count <= 0)
			fail("read");
		at += count;
		size -= (size_t)count;
	}
}

static mach_port_t
offered(const char *hello, const char *label)
{
	char key[80];
	const char *found;

	snprintf(key, sizeof key, "\"%s\": ", label);
	found = strstr(hello, key);
	if (found == NULL) {
		fprintf(stderr, "%s: not on offer: %s\n", label, hello);
		exit(EXIT_FAILURE);
	}
	return (mach_port_t)strtoul(found + strlen(key), NULL, 10);
}

mach_port_t
socket_mach_connect(const char *path, const char *label)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	char hello[4096];
	size_t length = 0;

	snprintf(where.sun_path, sizeof where.sun_path, "%s", path);
	stream = socket(AF_UNIX, SOCK_STREAM, 0);
	if (stream < 0 || connect(stream, (struct sockaddr *)&where, sizeof where) != 0)
		fail(path);
	do
		read_all(&hello[length], 1);
	while (hello[length++] != '\n' && length < sizeof hello - 1);
	hello[length] = '\0';
	reply_port = offered(hello, "reply_port");
	return offered(hello, label);
}

mach_msg_return_t
mach_msg(mach_msg_header_t *msg, mach_msg_option_t option, mach_msg_size_t send_size,
	 mach_msg_size_t rcv_size, mach_port_t rcv_name, mach_msg_timeout_t timeout,
	 mach_port_t notify)
{
	(void)rcv_name, (void)timeout, (void)notify;
	if (option & MACH_SEND_MSG) {
		msg->msgh_size = send_size;
		for (size_t sent = 0; sent < send_size;) {
			ssize_t count = write(stream, (char *)msg + sent, send_size - sent);

			if (count <= 0)
				fail("write");
			sent += (size_t)count;
		}
	}
	if (option & MACH_RCV_MSG) {
		read_all(msg, sizeof *msg);
		if (msg->msgh_size < sizeof *msg || msg->msgh_size > rcv_size)
			return MACH_RCV_TOO_LARGE;
		read_all(msg + 1, msg->msgh_size - sizeof *msg);
	}
	return MACH_MSG_SUCCESS;
}

mach_port_t
mig_get_reply_port(void)
{
	return reply_port;
}

void
mig_put_reply_port(mach_port_t port)
{
	(void)port;
}

void
mig_dealloc_reply_port(mach_port_t port)
{
	(void)port;
}
