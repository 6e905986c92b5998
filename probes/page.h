/*
 * The page shared with the keeper: which item is being worked on now. Every step that is taken for
 * an item stands between page_enter and page_leave, so that a death or a stall names its culprit;
 * outside of them nobody is named, because blaming a neighbour is worse than blaming no one.
 * A NULL page (tests) is allowed.
 */
#ifndef PROBES_PAGE_H
#define PROBES_PAGE_H

#include "lib/wire/role.h"

/* Returns who was named before, for page_leave: a completion may run inside another item's step. */
static inline uint64_t page_enter(struct role_page *page, uint64_t item)
{
	if (!page)
		return 0;
	atomic_fetch_add_explicit(&page->steps, 1, memory_order_relaxed);
	return atomic_exchange_explicit(&page->item, item, memory_order_relaxed);
}

static inline void page_leave(struct role_page *page, uint64_t before)
{
	if (page)
		atomic_store_explicit(&page->item, before, memory_order_relaxed);
}

/* A sign of life between steps, or within a long one. */
static inline void page_step(struct role_page *page)
{
	if (page)
		atomic_fetch_add_explicit(&page->steps, 1, memory_order_relaxed);
}

static inline void page_pending(struct role_page *page, uint64_t items)
{
	if (page)
		atomic_store_explicit(&page->pending, items, memory_order_relaxed);
}

#endif
