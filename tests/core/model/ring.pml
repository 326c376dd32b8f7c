/*
 * The commit protocol of a CPU's ring, for spin: csrc/core/perf_record.c
 * (write_sample, renew_cpu), perf_snapshot.c and perf_reader.c.
 *
 * One CPU writes EVENTS samples, a reader reads from where it left off, and a
 * control operation begins a new generation at any moment.  Every store of the
 * CPU and every load of the reader is a step of its own, in the order of the
 * program: on x86 no other order can be seen, for the one only stores and the
 * other only loads, and elsewhere the core's accesses are releases and acquires.
 * A ring has two slots of two words; a sample is (generation, number), written
 * twice.  A sequence number has 8 bits here, and no more are needed.
 *
 * That the model can fail is shown by leaving something out of the protocol:
 *	-DWITHOUT_SECTION	the CPU does not mark what it is in the middle of
 *	-DONE_LOOK		the reader does not look again after it has copied
 *	-DNO_GENERATION		nor at the generation
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define SLOTS 2
#define EVENTS 5
#define READS 2

#define SAMPLE(generation, number) ((generation) * 16 + (number) + 1)

byte sequence;		/* odd: in a section */
byte cpu_generation;
byte written;		/* of that generation */
byte first_word[SLOTS], second_word[SLOTS];

byte shared_generation;
bool recorded_all;

active proctype cpu()
{
	byte event, sample, place;

	for (event : 1 .. EVENTS) {
#ifndef WITHOUT_SECTION
		sequence++;
#endif
		if
		:: cpu_generation != shared_generation ->
			written = 0;
			cpu_generation = shared_generation
		:: else
		fi;
		place = written % SLOTS;
		sample = SAMPLE(cpu_generation, written);
		first_word[place] = sample;
		second_word[place] = sample;
		written++;
#ifndef WITHOUT_SECTION
		sequence++
#endif
	}
	recorded_all = true
}

active proctype control()
{
	shared_generation++
}

/* perf_snapshot_cpu: the CPU's generation and count, as the newest generation has them. */
inline snapshot(generation, count)
{
	do
	:: before = sequence;
	   generation = cpu_generation;
	   count = written;
	   if
	   :: before % 2 == 0 && sequence == before -> break
	   :: else
	   fi
	od;
	before = shared_generation;
	if
	:: generation != before -> generation = before; count = 0
	:: else
	fi
}

active proctype reader()
{
	byte before, now, later, count, end, at, from, oldest, number, i;
	byte cursor_generation, cursor, readings, lost, distance;
	byte copied_first[SLOTS], copied_second[SLOTS];

	for (readings : 1 .. READS) {
		snapshot(later, end);
again:
		now = later;
		count = end;
		from = (cursor_generation == now -> cursor : 0);
		oldest = (count > SLOTS -> count - SLOTS : 0);
		at = (from < oldest -> oldest : from);
		number = count - at;
		i = 0;
		do
		:: i < number ->
			copied_first[i] = first_word[(at + i) % SLOTS];
			copied_second[i] = second_word[(at + i) % SLOTS];
			i++
		:: else -> break
		od;
#ifndef ONE_LOOK
		snapshot(later, end);
#endif
#ifndef NO_GENERATION
		if
		:: later != now -> goto again
		:: else
		fi;
#endif
		/* What was overwritten while it was copied goes out. */
		oldest = (end > SLOTS -> end - SLOTS : 0);
		i = 0;
		do
		:: i < number && at + i < oldest -> i++
		:: else -> break
		od;
		lost = at + i - from;
		distance = at + number - from;
		assert(number - i + lost == distance);
		do
		:: i < number ->
			assert(copied_first[i] == SAMPLE(now, at + i));
			assert(copied_second[i] == copied_first[i]);
			i++
		:: else -> break
		od;
		cursor_generation = now;
		cursor = at + number
	}
}

/* Nothing but the CPU's work is needed for a snapshot to succeed. */
active proctype last_look()
{
	recorded_all;
	assert(sequence % 2 == 0);
	assert(written <= EVENTS)
}
