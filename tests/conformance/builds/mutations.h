/*
 * What a server makes of its ports.  For -imacros: definitions only.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define SERVICE_INTRAN protid_t begin_using_protid (service_t)
#define SERVICE_INTRAN_PAYLOAD protid_t begin_using_protid_payload
#define SERVICE_OUTTRAN service_t convert_protid_to_port (protid_t)
#define SERVICE_DESTRUCTOR end_using_protid (protid_t)
#define SERVICE_IMPORTS import "protid.h";
