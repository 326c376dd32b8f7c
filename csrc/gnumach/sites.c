/*
 * Call sites, retargeted while monitoring is enabled and restored to the stock
 * kernel's bytes when it is not; detours as well.
 *
 * Nothing else runs meanwhile (perf_processors_stop), so every place changes at
 * once.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_activity.h"
#include "perf_entry.h"
#include "perf_sites.h"

#define JUMP 0xe9
#define CR0_WRITE_PROTECT 0x10000ul

static bool switched_on;
static bool copied; /* the instructions of the detours */

static inline volatile uint32_t *
operand(uint32_t site)
{
	return (volatile uint32_t *)(intptr_t)perf_sites[site];
}

static inline uint32_t
displacement(const struct perf_hook *hook, uint32_t site, bool on)
{
	return (uint32_t)((on ? hook->wrapper : hook->function) - (uintptr_t)(operand(site) + 1));
}

/* The byte of a detour's instruction: of its jump, or of the kernel's own. */
static inline uint8_t
detour_byte(const struct perf_detour *detour, bool on, uint32_t at)
{
	uintptr_t next = (uintptr_t)detour->instruction + PERF_JUMP_SIZE;

	if (!on)
		return detour->moved[at];
	return at == 0 ? JUMP : (uint8_t)((detour->entry - next) >> (8 * (at - 1)));
}

static bool
sites_hold(bool on)
{
	for (uint32_t i = 0; i < perf_detour_count; i++)
		for (uint32_t at = 0; at < PERF_JUMP_SIZE; at++)
			if (((volatile uint8_t *)perf_detours[i].instruction)[at] !=
			    detour_byte(&perf_detours[i], on, at))
				return false;
	for (uint32_t i = 0, site = 0; i < perf_hook_count; i++)
		for (uint32_t end = site + perf_hooks[i].sites; site < end; site++)
			if (*operand(site) != displacement(&perf_hooks[i], site, on))
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

static void
copy_instructions(void)
{
	unsigned long saved = perf_platform_mask(), protection = allow_writes();

	for (uint32_t i = 0; i < perf_detour_count; i++)
		for (uint32_t at = 0; at < perf_detours[i].size; at++)
			perf_detours[i].moved[at] = perf_detours[i].instruction[at];
	forbid_writes(protection);
	perf_platform_unmask(saved);
	copied = true;
}

/* wrapper 0: of all. */
static void
set_calls(uintptr_t wrapper, bool on)
{
	for (uint32_t i = 0, site = 0; i < perf_hook_count; i++)
		for (uint32_t end = site + perf_hooks[i].sites; site < end; site++)
			if (wrapper == 0 || wrapper == perf_hooks[i].wrapper)
				*operand(site) = displacement(&perf_hooks[i], site, on);
}

void
perf_hook_set(uintptr_t wrapper, bool on)
{
	unsigned long saved = perf_platform_mask();
	unsigned long protection = allow_writes();

	set_calls(wrapper, on);
	forbid_writes(protection);
	perf_platform_unmask(saved);
}

kern_return_t
perf_sites_switch(bool on)
{
	unsigned long saved, protection;

	if (on == switched_on)
		return KERN_SUCCESS;
	if (!copied)
		copy_instructions();
	if (!sites_hold(switched_on) || perf_traps_check() != KERN_SUCCESS)
		return KERN_FAILURE;

	if (!perf_processors_stop(&saved))
		return KERN_FAILURE;
	if (on) {
		perf_activities_clear();
		perf_entries_clear();
	}
	protection = allow_writes();
	set_calls(0, on);
	for (uint32_t i = 0; i < perf_detour_count; i++)
		for (uint32_t at = 0; at < PERF_JUMP_SIZE; at++)
			((volatile uint8_t *)perf_detours[i].instruction)[at] =
				detour_byte(&perf_detours[i], on, at);
	perf_traps_switch(on);
	forbid_writes(protection);
	switched_on = on;
	perf_processors_start(saved);
	return KERN_SUCCESS;
}
