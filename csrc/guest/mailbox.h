/*
 * A mailbox: Mach messages through memory that a guest shares with its host.
 *
 * The memory begins with struct mailbox_header, written by the guest before
 * it sets state to MAILBOX_READY and not changed after that, but for the
 * channels' words.  The channels follow, each with a slot for a request and one
 * for its reply.  All words are little endian.
 *
 * A channel is one client's at a time: who it is, the clients settle among
 * themselves.  The guest serves the channels in turn, one request of each.
 *
 * A call.  The host fills the request's slot and then writes a sequence that
 * differs from the last.  The guest sends the message to the port it names,
 * which must be one on offer, with its own reply port where the request names
 * one; receives the reply; fills the reply's slot; and answers with the
 * request's sequence.  A new sequence before that cancels the call: its reply
 * is dropped.
 *
 * A call that takes long does not keep other channels waiting: the guest
 * answers it with MAILBOX_IN_PROGRESS and the name of a port, the client's from
 * then on, where the reply will come.
 *
 * Ports.  A client may have ports in the guest, whose names it gives in the
 * bodies of requests as rights to be made there; messages to them are had by
 * asking for them.  A port that nobody has asked about for a minute may be
 * given up.  Rights that a message brings are named as the guest names them,
 * and may be sent to and given on; the relay keeps the last 64.
 *
 * A message lies in a slot as mach_msg would take it, padded to eight bytes;
 * the out-of-line regions follow in the order of their descriptors, each
 * padded to eight bytes.  Pointers in the message are zero.
 *
 * mig/rpc/transports/mailbox.py is the host's side and must agree.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_MAILBOX_H_
#define _GUEST_MAILBOX_H_

#include <stddef.h>
#include <stdint.h>

#include <mach/kern_return.h>

#define MAILBOX_MAGIC 0x58424d50u /* "PMBX" */
#define MAILBOX_VERSION 3

#define MAILBOX_READY 1

#define MAILBOX_ABI_I386 0
#define MAILBOX_ABI_X86_64 1

#define MAILBOX_PORTS_MAX 8
#define MAILBOX_CHANNELS 8
#define MAILBOX_ALIGNMENT 8

/* A port on offer: its name in the guest, and what the host calls it. */
struct mailbox_port {
	uint32_t name;
	char label[28];
};

struct mailbox_channel {
	uint32_t requested; /* sequence of the last request; the host's to write */
	uint32_t answered;  /* and of the last one that was answered */
};

struct mailbox_header {
	uint32_t magic;
	uint32_t version;
	uint32_t abi;
	uint32_t state;
	uint32_t reply_port; /* what requests name as msgh_local_port; no right has its name */
	uint32_t port_count;
	uint32_t channel_count;
	uint32_t slots_offset; /* of the first channel's slots, from the start of the memory */
	uint32_t request_size; /* of a request's slot, with its header */
	uint32_t reply_size;   /* of the reply's slot, which follows */
	uint32_t reserved[6];
	struct mailbox_port ports[MAILBOX_PORTS_MAX];
	struct mailbox_channel channels[MAILBOX_CHANNELS];
};

#define MAILBOX_CALL 0	   /* a reply is wanted */
#define MAILBOX_SEND 1	   /* only what became of sending it */
#define MAILBOX_ALLOCATE 2 /* a port for the client: the reply's data is its name */
#define MAILBOX_RECEIVE 3  /* a message that waits at the port that data names, or a time-out */
#define MAILBOX_DESTROY 4  /* the port that data names */

/* A reply's code: the reply will come to the port that data names. */
#define MAILBOX_IN_PROGRESS 0x10004001 /* MACH_RCV_IN_PROGRESS */

struct mailbox_slot {
	uint32_t code;	      /* request: MAILBOX_*; reply: mach_msg_return_t */
	uint32_t size;	      /* of the message */
	uint32_t region_size; /* of all regions with their padding */
	uint32_t reserved;
	unsigned char data[];
};

_Static_assert(offsetof(struct mailbox_header, channels) == 64 + 32 * MAILBOX_PORTS_MAX,
	       "mailbox_header");
_Static_assert(offsetof(struct mailbox_slot, data) == 16, "mailbox_slot");

/* The mailbox, and the channel that is served now. */
struct mailbox {
	volatile struct mailbox_header *header;
	volatile struct mailbox_channel *channel;
	volatile struct mailbox_slot *request;
	volatile struct mailbox_slot *reply;
	uint32_t request_space; /* bytes of data */
	uint32_t reply_space;
};

static inline uint32_t mailbox_padded(uint32_t size)
{
	return (size + MAILBOX_ALIGNMENT - 1) & ~(uint32_t)(MAILBOX_ALIGNMENT - 1);
}

/*
 * Find the shared memory device, map it and lay out an empty mailbox.
 * KERN_NO_ACCESS: no I/O ports; KERN_FAILURE: no such device; else what
 * mapping it answered.
 */
kern_return_t mailbox_open(struct mailbox *mailbox);

/* Put a port on offer; before mailbox_announce. */
void mailbox_offer(struct mailbox *mailbox, const char *label, uint32_t name);

/* Turn to a channel. */
void mailbox_select(struct mailbox *mailbox, uint32_t channel);

/* Tell the host that requests are taken from now on. */
void mailbox_announce(struct mailbox *mailbox, uint32_t reply_port);

#endif /* _GUEST_MAILBOX_H_ */
