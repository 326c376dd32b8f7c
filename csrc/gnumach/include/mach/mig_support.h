/*
 * What generated server code needs of the kernel.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MIG_SUPPORT_H_
#define _MACH_MIG_SUPPORT_H_

#include <perf_kernel.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *at, int value, size_t size);
size_t strlen(const char *string);
vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size);

#endif /* _MACH_MIG_SUPPORT_H_ */
