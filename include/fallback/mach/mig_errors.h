/*
 * What stubs and servers answer when a message is not as it should be.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MIG_ERRORS_H_
#define _MACH_MIG_ERRORS_H_

#include <mach/kern_return.h>
#include <mach/message.h>

#define MIG_TYPE_ERROR (-300)
#define MIG_REPLY_MISMATCH (-301)
#define MIG_REMOTE_ERROR (-302)
#define MIG_BAD_ID (-303)
#define MIG_BAD_ARGUMENTS (-304)
#define MIG_NO_REPLY (-305)
#define MIG_EXCEPTION (-306)
#define MIG_ARRAY_TOO_LARGE (-307)
#define MIG_SERVER_DIED (-308)
#define MIG_DESTROY_REQUEST (-309)

/* The whole of a reply that reports an error, and the start of any other. */
typedef struct {
	mach_msg_header_t Head;
	mach_msg_type_t RetCodeType;
	kern_return_t RetCode;
} mig_reply_header_t;

typedef void (*mig_routine_t)(mach_msg_header_t *request, mach_msg_header_t *reply);

_Static_assert(sizeof(mig_reply_header_t) == (sizeof(void *) == 8 ? 48 : 32),
	       "mig_reply_header_t");

#endif /* _MACH_MIG_ERRORS_H_ */
