/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel.h"

int vm_allocate(void *map, uint32_t *address, uint32_t size, int anywhere)
{
	(void)map, (void)anywhere;
	*address = size;
	return 0;
}

int vm_map(void *map, uint32_t *address, uint32_t size, uint32_t mask, int anywhere, void *object,
	   uint32_t offset, int copy, int protection, int max_protection, int inheritance)
{
	(void)map, (void)mask, (void)anywhere, (void)object, (void)offset, (void)copy;
	(void)protection, (void)max_protection, (void)inheritance;
	*address = size;
	return 0;
}

int vm_deallocate(void *map, uint32_t address, uint32_t size)
{
	(void)map, (void)address;
	return size == 0;
}

int vm_fault(void *map, uint32_t address, int type, int wiring, int resume, void (*continuation)(int))
{
	(void)map, (void)type, (void)wiring, (void)resume;
	if (continuation != 0)
		continuation(0);
	return address == 0;
}
