/*
 * What mutations.h names.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PROTID_H_
#define _PROTID_H_

#include <service_types.h>

typedef struct protid *protid_t;

extern protid_t begin_using_protid(service_t port);
extern protid_t begin_using_protid_payload(unsigned long payload);
extern service_t convert_protid_to_port(protid_t object);
extern void end_using_protid(protid_t object);

#endif /* _PROTID_H_ */
