/*
 * Reading perf=... and doing what it says.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_boot.h"

#include "perf_control.h"
#include "perf_events.h"

/* A part of the command line, which is not ended by a zero. */
struct text {
	const char *at;
	uint32_t length;
};

struct boot {
	void (*complain)(const char *item, const char *why);
	bool off;
	uint32_t rate;
	uint32_t buffer;
	uint64_t events; /* 0: the default */
	uint32_t mode;
};

static uint32_t
length_to(const char *at, uint32_t most, const char *ends)
{
	uint32_t length = 0;

	for (; length < most && at[length] != 0; length++)
		for (const char *end = ends; *end != 0; end++)
			if (at[length] == *end)
				return length;
	return length;
}

static bool
equals(struct text text, const char *word)
{
	for (uint32_t i = 0; i < text.length; i++)
		if (word[i] == 0 || text.at[i] != word[i])
			return false;
	return word[text.length] == 0;
}

/* What follows, if text begins so; else nothing. */
static bool
begins(struct text text, const char *word, struct text *rest)
{
	uint32_t i = 0;

	for (; word[i] != 0; i++)
		if (i >= text.length || text.at[i] != word[i])
			return false;
	*rest = (struct text){text.at + i, text.length - i};
	return true;
}

/* Split text at the first separator; false: there is nothing left of it. */
static bool
next(struct text *text, const char *separator, struct text *part)
{
	if (text->length == 0)
		return false;
	*part = (struct text){text->at, length_to(text->at, text->length, separator)};
	text->at += part->length;
	text->length -= part->length;
	if (text->length > 0) {
		text->at++;
		text->length--;
	}
	return true;
}

static void
complain(const struct boot *boot, struct text item, const char *why)
{
	char name[PERF_BOOT_ITEM];
	uint32_t i = 0;

	for (; i < item.length && i < sizeof name - 1; i++)
		name[i] = item.at[i];
	name[i] = 0;
	boot->complain(name, why);
}

static bool
number(struct text text, uint32_t *value)
{
	*value = 0;
	for (uint32_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || *value > 99999)
			return false;
		*value = *value * 10 + (uint32_t)(text.at[i] - '0');
	}
	return text.length > 0;
}

static void
read_events(struct boot *boot, struct text list)
{
	struct text name;

	while (next(&list, "+", &name)) {
		uint32_t event = 0;

		while (event < PERF_EVENT_MAX
		       && !(perf_event_exists(event) && equals(name, perf_event_name(event))))
			event++;
		if (event < PERF_EVENT_MAX)
			boot->events |= UINT64_C(1) << event;
		else
			complain(boot, name, "is no event");
	}
}

static void
read_item(struct boot *boot, struct text item)
{
	struct text value;
	uint32_t found;

	if (equals(item, "on"))
		return;
	if (equals(item, "off"))
		boot->off = true;
	else if (begins(item, "events:", &value))
		read_events(boot, value);
	else if (begins(item, "rate:", &value)) {
		if (number(value, &found) && perf_control_admits(found, PERF_BUFFER_DEFAULT))
			boot->rate = found;
		else
			complain(boot, item, "is not 0 or 100-5000");
	} else if (begins(item, "buffer:", &value)) {
		if (number(value, &found) && perf_control_admits(PERF_RATE_DEFAULT, found))
			boot->buffer = found;
		else
			complain(boot, item, "is no power of two of 1024-32768");
	} else if (equals(item, "mode:stop"))
		boot->mode = PERF_MODE_STOP;
	else if (equals(item, "mode:overwrite"))
		boot->mode = PERF_MODE_OVERWRITE;
	else
		complain(boot, item, "is not on, off, events:, rate:, buffer: or mode:");
}

static void
begin_recording(const struct boot *boot)
{
	struct text all = {"on", 2};
	kern_return_t kr;

	kr = perf_control_configure(boot->rate, boot->buffer);
	if (boot->events != 0)
		perf_control_set_option(PERF_OPTION_EVENT_MASK, boot->events);
	perf_control_set_option(PERF_OPTION_MODE, boot->mode);
	if (kr == KERN_SUCCESS)
		kr = perf_control_enable(true);
	if (kr != KERN_SUCCESS)
		complain(boot, all, "could not be done");
}

void
perf_boot(const char *command_line, void (*complain)(const char *item, const char *why))
{
	struct boot boot = {
		.complain = complain,
		.rate = PERF_RATE_DEFAULT,
		.buffer = PERF_BUFFER_DEFAULT,
		.mode = PERF_MODE_OVERWRITE,
	};
	struct text line = {command_line, length_to(command_line, UINT32_MAX, "")};
	struct text word, options, item;
	bool wanted = false;

	while (next(&line, " ", &word)) {
		if (!begins(word, "perf=", &options))
			continue;
		wanted = true;
		while (next(&options, ",", &item))
			if (item.length != 0)
				read_item(&boot, item);
	}
	if (wanted && !boot.off)
		begin_recording(&boot);
}
