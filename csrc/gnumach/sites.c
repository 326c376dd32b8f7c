/*
 * Call sites, retargeted while monitoring is enabled and restored to the stock
 * kernel's bytes when it is not.
 *
 * One processor: with its interrupts off nothing else runs, so every place
 * changes at once.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_platform.h>

#include "perf_sites.h"

#define CR0_WRITE_PROTECT 0x10000ul

static bool switched_on;

static inline uint32_t
displacement(const struct perf_site *site, bool on)
{
	uintptr_t next = (uintptr_t)site->operand + sizeof(*site->operand);

	return on ? (uint32_t)(site->wrapper - next) : site->original;
}

static bool
sites_hold(bool on)
{
	for (uint32_t i = 0; i < perf_site_count; i++)
		if (*(volatile uint32_t *)perf_sites[i].operand !=
		    displacement(&perf_sites[i], on))
			return false;
	return true;
}

/* Kernel text is mapped read-only, and supervisor mode minds that. */
static unsigned long
allow_writes(void)
{
	unsigned long saved;

	__asm__ __volatile__("mov %%cr0, %0" : "=r"(saved));
	__asm__ __volatile__("mov %0, %%cr0" : : "r"(saved & ~CR0_WRITE_PROTECT) : "memory");
	return saved;
}

static void
forbid_writes(unsigned long saved)
{
	uint32_t eax = 0, ebx, ecx, edx;

	__asm__ __volatile__("mov %0, %%cr0" : : "r"(saved) : "memory");
	/* Instructions fetched before the change are not executed after it. */
	__asm__ __volatile__("cpuid"
			     : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx)
			     :
			     : "memory");
}

kern_return_t
perf_sites_switch(bool on)
{
	unsigned long saved, protection;

	if (on == switched_on)
		return KERN_SUCCESS;
	if (!sites_hold(switched_on) || perf_traps_check() != KERN_SUCCESS)
		return KERN_FAILURE;

	saved = perf_platform_mask();
	protection = allow_writes();
	for (uint32_t i = 0; i < perf_site_count; i++)
		*(volatile uint32_t *)perf_sites[i].operand = displacement(&perf_sites[i], on);
	perf_traps_switch(on);
	forbid_writes(protection);
	switched_on = on;
	perf_platform_unmask(saved);
	return KERN_SUCCESS;
}
