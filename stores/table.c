/*
 * The stores: one row per backend, chosen by the scheme of a URL, and the calls that go through
 * the row. What the code above the store includes ends here; it never learns which row it has.
 */
#include "lib/base/sys.h"
#include "stores/backend.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

static const struct store_ops *const backends[] = {
	&store_sqlite,
};

#define STORE_STATUSES(X)             \
	X(STORE_OK, "ok")             \
	X(STORE_LOST, "lost")         \
	X(STORE_CONFLICT, "conflict") \
	X(STORE_AWAY, "away")         \
	X(STORE_FULL, "full")         \
	X(STORE_BAD, "bad")

const char *store_status_text(enum store_status status)
{
	switch (status) {
#define X(name, text) \
	case name:    \
		return text;
		STORE_STATUSES(X)
#undef X
	}
	bug("store status %d", (int)status);
}

void store_doc_finish(struct store_doc *doc)
{
	if (!doc)
		return;
	mem_free(doc->kind);
	mem_free(doc->id);
	mem_free(doc->body);
	mem_free(doc->blob);
	*doc = (struct store_doc){0};
}

void store_job_finish(struct store_job *job)
{
	if (!job)
		return;
	mem_free(job->kind);
	mem_free(job->subject);
	mem_free(job->zone);
	mem_free(job->lane);
	mem_free(job->body);
	*job = (struct store_job){0};
}

/* The scheme alone is shown: what follows may hold a password. */
static bool unknown_scheme(const char *url, struct err *err)
{
	struct buf known;
	size_t len = strcspn(url, ":");

	buf_init(&known, 256);
	for (size_t i = 0; i < ARRAY_LEN(backends); i++)
		buf_printf(&known, "%s%s", i ? ", " : "", backends[i]->scheme);
	if (!url[len] || !len)
		err_set(err, ERR_INVALID, "a store is given as a URL that begins with one of: %s",
			buf_text(&known));
	else
		err_set(err, ERR_INVALID, "this build has no store \"%.*s\": it has %s",
			(int)(len > 40 ? 40 : len), url, buf_text(&known));
	buf_finish(&known);
	return false;
}

static const struct store_ops *backend_of(const char *url, struct err *err)
{
	size_t len = strcspn(url, ":");

	for (size_t i = 0; url[len] && i < ARRAY_LEN(backends); i++) {
		if (strlen(backends[i]->scheme) == len && !memcmp(backends[i]->scheme, url, len))
			return backends[i];
	}
	unknown_scheme(url, err);
	return NULL;
}

struct store *store_open(struct loop *loop, const char *url, const char *site, struct err *err)
{
	const struct store_ops *ops = backend_of(url, err);

	return ops ? ops->open(loop, url, site, err) : NULL;
}

struct store *store_open_reader(struct loop *loop, const char *url, struct err *err)
{
	const struct store_ops *ops = backend_of(url, err);

	return ops ? ops->open_reader(loop, url, err) : NULL;
}

bool store_check(const char *url, store_tell_fn *tell, void *arg, struct err *err)
{
	const struct store_ops *ops = backend_of(url, err);

	return ops && ops->check(url, tell, arg, err);
}

void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

void store_free_leases(struct store *store)
{
	if (store->ops->free_leases)
		store->ops->free_leases(store);
}

const char *store_backend(const struct store *store)
{
	return store->ops->scheme;
}

const char *store_shown(const struct store *store)
{
	return store->shown;
}

struct store_call *store_claim(struct store *store, const struct store_claim *claim,
			       store_done_fn *done, void *arg)
{
	return store->ops->claim(store, claim, done, arg);
}

struct store_call *store_extend(struct store *store, const char *kind, const char *subject,
				int64_t rev, int64_t until, store_done_fn *done, void *arg)
{
	return store->ops->extend(store, kind, subject, rev, until, done, arg);
}

struct store_call *store_commit(struct store *store, const struct store_commit *commit,
				store_done_fn *done, void *arg)
{
	return store->ops->commit(store, commit, done, arg);
}

struct store_call *store_get(struct store *store, const struct store_key *keys, size_t keys_len,
			     store_done_fn *done, void *arg)
{
	return store->ops->get(store, keys, keys_len, done, arg);
}

struct store_call *store_page(struct store *store, const struct store_page *page,
			      store_done_fn *done, void *arg)
{
	return store->ops->page(store, page, done, arg);
}

struct store_call *store_count(struct store *store, const char *kind, const char *index,
			       int64_t min, int64_t max, store_done_fn *done, void *arg)
{
	return store->ops->count(store, kind, index, min, max, done, arg);
}

void store_cancel(struct store_call *call)
{
	if (call)
		call->store->ops->cancel(call);
}
