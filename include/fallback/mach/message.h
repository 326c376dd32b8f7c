/*
 * The layout of a message: a header, then descriptors, each with its data.
 * Every descriptor and datum is aligned as a pointer is.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MESSAGE_H_
#define _MACH_MESSAGE_H_

#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/port.h>

typedef natural_t mach_msg_timeout_t;
typedef natural_t mach_msg_bits_t;
typedef natural_t mach_msg_size_t;
typedef natural_t mach_msg_seqno_t;
typedef natural_t mach_msg_type_name_t;
typedef natural_t mach_msg_type_size_t;
typedef natural_t mach_msg_type_number_t;
typedef integer_t mach_msg_id_t;
typedef integer_t mach_msg_option_t;
typedef kern_return_t mach_msg_return_t;

#define MACH_MSG_TIMEOUT_NONE ((mach_msg_timeout_t)0)

/* Header. */

#define MACH_MSGH_BITS_REMOTE_MASK 0x000000ffU
#define MACH_MSGH_BITS_LOCAL_MASK 0x0000ff00U
#define MACH_MSGH_BITS_PORTS_MASK 0x0000ffffU
#define MACH_MSGH_BITS_COMPLEX 0x80000000U

#define MACH_MSGH_BITS(remote, local) ((remote) | ((local) << 8))
#define MACH_MSGH_BITS_REMOTE(bits) ((bits) & MACH_MSGH_BITS_REMOTE_MASK)
#define MACH_MSGH_BITS_LOCAL(bits) (((bits) & MACH_MSGH_BITS_LOCAL_MASK) >> 8)
#define MACH_MSGH_BITS_PORTS(bits) ((bits) & MACH_MSGH_BITS_PORTS_MASK)
#define MACH_MSGH_BITS_OTHER(bits) ((bits) & ~MACH_MSGH_BITS_PORTS_MASK)

typedef struct mach_msg_header {
	mach_msg_bits_t msgh_bits;
	mach_msg_size_t msgh_size;
	union {
		mach_port_t msgh_remote_port;
		rpc_uintptr_t msgh_remote_port_do_not_use;
	};
	union {
		mach_port_t msgh_local_port;
		rpc_uintptr_t msgh_protected_payload;
	};
	mach_port_seqno_t msgh_seqno;
	mach_msg_id_t msgh_id;
} mach_msg_header_t;

/* Descriptors. */

typedef struct {
#ifdef __LP64__
	unsigned int msgt_name : 8, msgt_size : 16, msgt_unused : 5, msgt_inline : 1,
		msgt_longform : 1, msgt_deallocate : 1;
	mach_msg_type_number_t msgt_number;
#else
	unsigned int msgt_name : 8, msgt_size : 8, msgt_number : 12, msgt_inline : 1,
		msgt_longform : 1, msgt_deallocate : 1, msgt_unused : 1;
#endif
} __attribute__((aligned(__alignof__(uintptr_t)))) mach_msg_type_t;

typedef struct {
#ifdef __LP64__
	union {
		mach_msg_type_t msgtl_header;
		struct {
			unsigned int msgtl_name : 8, msgtl_size : 16, msgtl_unused : 5,
				msgtl_inline : 1, msgtl_longform : 1,
				msgtl_deallocate : 1;
			mach_msg_type_number_t msgtl_number;
		};
	};
#else
	mach_msg_type_t msgtl_header;
	unsigned short msgtl_name;
	unsigned short msgtl_size;
	natural_t msgtl_number;
#endif
} __attribute__((aligned(__alignof__(uintptr_t)))) mach_msg_type_long_t;

/* A port right inline in a message. */
typedef struct {
	union {
		mach_port_name_t name;
		uintptr_t kernel_port_do_not_use;
	};
} mach_port_name_inlined_t;

#define MACH_MSG_TYPE_UNSTRUCTURED 0
#define MACH_MSG_TYPE_BIT 0
#define MACH_MSG_TYPE_BOOLEAN 0
#define MACH_MSG_TYPE_INTEGER_16 1
#define MACH_MSG_TYPE_INTEGER_32 2
#define MACH_MSG_TYPE_CHAR 8
#define MACH_MSG_TYPE_BYTE 9
#define MACH_MSG_TYPE_INTEGER_8 9
#define MACH_MSG_TYPE_REAL 10
#define MACH_MSG_TYPE_INTEGER_64 11
#define MACH_MSG_TYPE_STRING 12
#define MACH_MSG_TYPE_STRING_C 12
#define MACH_MSG_TYPE_PORT_NAME 15

/* A right as it is sent, and as it is received. */
#define MACH_MSG_TYPE_MOVE_RECEIVE 16
#define MACH_MSG_TYPE_MOVE_SEND 17
#define MACH_MSG_TYPE_MOVE_SEND_ONCE 18
#define MACH_MSG_TYPE_COPY_SEND 19
#define MACH_MSG_TYPE_MAKE_SEND 20
#define MACH_MSG_TYPE_MAKE_SEND_ONCE 21
#define MACH_MSG_TYPE_PORT_RECEIVE MACH_MSG_TYPE_MOVE_RECEIVE
#define MACH_MSG_TYPE_PORT_SEND MACH_MSG_TYPE_MOVE_SEND
#define MACH_MSG_TYPE_PORT_SEND_ONCE MACH_MSG_TYPE_MOVE_SEND_ONCE
#define MACH_MSG_TYPE_PROTECTED_PAYLOAD 23
#define MACH_MSG_TYPE_POLYMORPHIC ((mach_msg_type_name_t)-1)

#define MACH_MSG_TYPE_PORT_ANY(name) \
	((name) >= MACH_MSG_TYPE_MOVE_RECEIVE && (name) <= MACH_MSG_TYPE_MAKE_SEND_ONCE)
#define MACH_MSG_TYPE_PORT_ANY_RIGHT(name) \
	((name) >= MACH_MSG_TYPE_MOVE_RECEIVE && (name) <= MACH_MSG_TYPE_MOVE_SEND_ONCE)

/* mach_msg. */

#define MACH_MSG_OPTION_NONE 0x00000000
#define MACH_SEND_MSG 0x00000001
#define MACH_RCV_MSG 0x00000002
#define MACH_SEND_TIMEOUT 0x00000010
#define MACH_RCV_TIMEOUT 0x00000100
#define MACH_RCV_LARGE 0x00000800

#define MACH_MSG_SUCCESS 0x00000000
#define MACH_SEND_INVALID_DATA 0x10000002
#define MACH_SEND_INVALID_DEST 0x10000003
#define MACH_SEND_TIMED_OUT 0x10000004
#define MACH_SEND_MSG_TOO_SMALL 0x10000008
#define MACH_SEND_INVALID_REPLY 0x10000009
#define MACH_SEND_INVALID_RIGHT 0x1000000a
#define MACH_SEND_INVALID_MEMORY 0x1000000c
#define MACH_SEND_NO_BUFFER 0x1000000d
#define MACH_SEND_INVALID_TYPE 0x1000000f
#define MACH_SEND_INVALID_HEADER 0x10000010
#define MACH_RCV_INVALID_NAME 0x10004002
#define MACH_RCV_TIMED_OUT 0x10004003
#define MACH_RCV_TOO_LARGE 0x10004004
#define MACH_RCV_PORT_DIED 0x10004009

extern mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
				  mach_msg_size_t send_size,
				  mach_msg_size_t receive_size,
				  mach_port_t receive_name, mach_msg_timeout_t timeout,
				  mach_port_t notify);

_Static_assert(sizeof(mach_msg_header_t) == (sizeof(void *) == 8 ? 32 : 24),
	       "mach_msg_header_t");
_Static_assert(sizeof(mach_msg_type_t) == sizeof(void *), "mach_msg_type_t");
_Static_assert(sizeof(mach_msg_type_long_t) == (sizeof(void *) == 8 ? 8 : 12),
	       "mach_msg_type_long_t");
_Static_assert(sizeof(mach_port_name_inlined_t) == sizeof(void *),
	       "mach_port_name_inlined_t");

#endif /* _MACH_MESSAGE_H_ */
