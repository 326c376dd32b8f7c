/*
 * Messages: those of odd size are for the kernel.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "kernel.h"

void mach_msg_send(void);
void mach_msg_receive(void);
void mach_msg_receive_continue(void);
void mach_msg_continue(void);
void exception_raise(void);

static struct ipc_kmsg only;

int mach_msg_trap(struct header *message, int option)
{
	if (option & 1) {
		if (copyinmsg(message, &only.ikm_header, sizeof(*message), sizeof(*message)))
			return 1;
		if (message->size & 1)
			ipc_kobject_server(&only);
		else if (ipc_mqueue_send(&only, option, 0))
			return 1;
	}
	if (option & 2) {
		if (only.ikm_header.size & 2) {
			copyout(&only.ikm_header, message, sizeof(*message));
			ipc_kmsg_put(message, &only, sizeof(*message));
		} else {
			ipc_kmsg_put(message, &only, sizeof(*message));
		}
	}
	if (option & 4) {
		ipc_kmsg_copyout_dest(&only, 0);
		ipc_kmsg_put(message, &only, sizeof(*message));
	}
	return 0;
}

void mach_msg_send(void)
{
	ipc_mqueue_send(&only, 0, 0);
	ipc_kmsg_copyout_pseudo(&only, 0, 0);
}

void mach_msg_receive(void)
{
	ipc_kmsg_copyout_dest(&only, 0);
}

void mach_msg_receive_continue(void)
{
	ipc_kmsg_copyout_dest(&only, 0);
}

void mach_msg_continue(void)
{
	ipc_kmsg_copyout_dest(&only, 0);
}

void exception_raise(void)
{
	copyout(&only.ikm_header, &only, sizeof(only));
	ipc_kmsg_copyout_dest(&only, 0);
}
