/*
 * What the kernel does around a server routine of its own.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_KOBJECT_H_
#define _CONFORMANCE_KOBJECT_H_

#include <mach/message.h>
#include <mach/mig_errors.h>

/* Begin an empty reply, then let the routine fill it; false if there is no routine. */
static inline int kobject_serve(mig_routine_t routine, mach_msg_header_t *request,
				mig_reply_header_t *reply)
{
	mach_msg_type_t code_type = {
		.msgt_name = MACH_MSG_TYPE_INTEGER_32,
		.msgt_size = 32,
		.msgt_number = 1,
		.msgt_inline = TRUE,
	};

	reply->Head.msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_LOCAL(request->msgh_bits), 0);
	reply->Head.msgh_size = sizeof *reply;
	reply->Head.msgh_remote_port = request->msgh_local_port;
	reply->Head.msgh_local_port = MACH_PORT_NULL;
	reply->Head.msgh_seqno = 0;
	reply->Head.msgh_id = (mach_msg_id_t)((natural_t)request->msgh_id + 100);
	reply->RetCodeType = code_type;
	if (routine == 0) {
		reply->RetCode = MIG_BAD_ID;
		return FALSE;
	}
	routine(request, &reply->Head);
	return TRUE;
}

#endif /* _CONFORMANCE_KOBJECT_H_ */
