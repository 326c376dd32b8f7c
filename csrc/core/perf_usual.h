/*
 * The usual event, recorded in line by a hook that knows its event: what a
 * kernel's busiest paths run through.
 *
 * On one CPU the statistics of such an event need no protection: nothing but an
 * interrupt can come in between, and an interrupt records events of its own.  So
 * each event that is recorded in this way is recorded by interrupts alone, one
 * at a time, or by threads alone.  A sample is written with interrupts masked.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_USUAL_H_
#define _PERF_USUAL_H_

#include "perf_core.h"

#define PERF_INLINE static inline __attribute__((always_inline))

struct perf_section {
	struct perf_cpu *cpu;
	uint32_t number;
	unsigned long saved;
};

/* Of one CPU, only what needs it is a section. */
PERF_INLINE void
perf_usual_begin(struct perf_section *section)
{
	if (!PERF_ALONE)
		section->saved = perf_platform_mask();
	section->number = perf_platform_cpu();
	section->cpu = &perf_cpus[section->number];
	if (!PERF_ALONE)
		perf_section_begin(&section->cpu->sequence);
}

PERF_INLINE void
perf_usual_end(const struct perf_section *section)
{
	if (!PERF_ALONE) {
		perf_section_end(&section->cpu->sequence);
		perf_platform_unmask(section->saved);
	}
}

/*
 * Out of line, in the section: a sample is due.  what is event | cpu << 8, now
 * the clock that was read.
 */
void PERF_FAST_CALL perf_usual_sample(uint32_t what, uint64_t now, uint32_t ticks,
				      uint32_t data1, uint32_t data2,
				      const struct perf_ids *ids);

/*
 * An event of the running thread, which began at start and ends now, without a
 * flag.  False if it is not usual: nothing has been recorded.
 */
PERF_INLINE bool
perf_record_usual(uint32_t event, uint64_t start, uint64_t now, uint32_t data1,
		  uint32_t data2, const struct perf_ids *ids)
{
	struct perf_section section;
	struct perf_statistics *statistics;
	struct perf_cpu *cpu;
	bool recorded = false;
	uint64_t ticks;

	perf_usual_begin(&section);
	cpu = section.cpu;
	statistics = &cpu->statistics[event];
	if (!PERF_ALONE && cpu->settings != perf_peek32(&perf_shared.settings))
		goto out;
	ticks = now - start;
	if (perf_unlikely(!perf_is_usual(statistics, ticks)))
		goto out;
	perf_store64(&statistics->last, now);
	if (perf_unlikely(perf_count_usual(statistics, (uint32_t)ticks)))
		perf_cpu_carry(cpu, statistics);
	if (perf_likely((int64_t)now <= (int64_t)cpu->closed))
		perf_add32(&cpu->limited, 1);
	else
		perf_usual_sample(event | section.number << 8, now, (uint32_t)ticks, data1,
				  data2, ids);
	recorded = true;
out:
	perf_usual_end(&section);
	return recorded;
}

#endif /* _PERF_USUAL_H_ */
