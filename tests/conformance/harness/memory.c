/*
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "memory.h"

struct piece {
	struct piece *next;
	void *memory;
	size_t size;
};

static struct piece *pieces;

void *memory_allocate(size_t size)
{
	struct piece *piece;

	if (size == 0)
		return NULL;
	piece = malloc(sizeof *piece);
	if (piece == NULL)
		abort();
	piece->memory = calloc(1, size);
	if (piece->memory == NULL)
		abort();
	piece->size = size;
	piece->next = pieces;
	pieces = piece;
	return piece->memory;
}

bool memory_release(void *memory)
{
	struct piece **link, *piece;

	for (link = &pieces; (piece = *link) != NULL; link = &piece->next)
		if (piece->memory == memory) {
			*link = piece->next;
			free(piece->memory);
			free(piece);
			return true;
		}
	return false;
}

void memory_release_all(void (*report)(size_t size))
{
	while (pieces != NULL) {
		report(pieces->size);
		memory_release(pieces->memory);
	}
}
