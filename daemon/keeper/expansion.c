/*
 * The configuration's targets, expanded. Hosts are copied as they stand; files are opened here and
 * read by the reader, whose answer is remembered until the file changes, so that a scan every ten
 * minutes costs one stat a file.
 */
#include "daemon/keeper/expansion.h"

#include "daemon/keeper/batch.h"
#include "daemon/keeper/files.h"
#include "daemon/keeper/jobs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <glob.h>
#include <sys/stat.h>
#include <uthash.h>

#define READ_DEADLINE_MS (30 * MS_SECOND)
#define FILES_MAX 100000
#define AGAIN_MS (5 * MS_SECOND)

/* What the reader said of a file, valid while the file is the same. */
struct known_file {
	char *path;
	struct stat st;
	bool one_chain;
	char **members;
	size_t members_len;
	UT_hash_handle hh;
};

struct expansion {
	struct keeper *keeper;
	char source[256];
	struct wanted *list;
	size_t len, cap;
	bool settled, has_files;
	struct known_file *known;
	char **failed; /* paths that could not be read in the last scan */
	size_t failed_len;
	bool glob_failed;
	struct store_call *call;
	struct timer again;
};

struct pending_file {
	char *path;
	struct target pattern; /* attributes for what it expands into */
};
struct inode {
	struct {
		dev_t dev;
		ino_t ino;
	} key;
	UT_hash_handle hh;
};
struct expansion_scan {
	struct expansion *expansion;
	struct pending_file *files;
	size_t files_len, files_cap, at;
	struct inode *inodes;
	struct look *look;
	struct stat st; /* of the file being read */
	struct deferred *turn;
	void (*done)(void *arg);
	void *arg;
};

static void ensure_job(void *arg);

struct expansion *expansion_new(struct keeper *keeper)
{
	struct expansion *expansion = MEM_NEW(struct expansion);

	expansion->keeper = keeper;
	timer_init(&expansion->again, keeper->loop, ensure_job, expansion);
	expansion_reload(expansion);
	return expansion;
}

static void known_free(struct known_file *known)
{
	for (size_t i = 0; i < known->members_len; i++)
		mem_free(known->members[i]);
	mem_free(known->members);
	mem_free(known->path);
	mem_free(known);
}

static void forget_failures(struct expansion *expansion)
{
	for (size_t i = 0; i < expansion->failed_len; i++)
		mem_free(expansion->failed[i]);
	mem_free(expansion->failed);
	expansion->failed = NULL;
	expansion->failed_len = 0;
	expansion->glob_failed = false;
}

bool expansion_failed(const struct expansion *expansion, const char *path)
{
	for (size_t i = 0; i < expansion->failed_len; i++)
		if (strcmp(expansion->failed[i], path) == 0)
			return true;
	return expansion->glob_failed;
}

static void list_clear(struct expansion *expansion)
{
	for (size_t i = 0; i < expansion->len; i++)
		target_finish(&expansion->list[i].target);
	mem_free(expansion->list);
	expansion->list = NULL;
	expansion->len = expansion->cap = 0;
}

void expansion_free(struct expansion *expansion)
{
	struct known_file *known, *next;

	if (!expansion)
		return;
	store_cancel(expansion->call);
	timer_clear(&expansion->again);
	list_clear(expansion);
	forget_failures(expansion);
	HASH_ITER(hh, expansion->known, known, next) {
		HASH_DEL(expansion->known, known);
		known_free(known);
	}
	mem_free(expansion);
}

static void on_ensured(void *arg, struct store_answer *answer)
{
	struct expansion *expansion = arg;

	expansion->call = NULL;
	if (answer->status == STORE_FULL)
		claims_store_full(expansion->keeper->claims, answer->err.text);
	if (answer->status != STORE_OK)
		timer_set(&expansion->again, AGAIN_MS);
	else
		claims_kick(expansion->keeper->claims);
}

static void ensure_job(void *arg)
{
	struct expansion *expansion = arg;
	struct keeper *keeper = expansion->keeper;
	struct batch batch = {0};

	batch_job(&batch, JOB_ENSURE, JOB_EXPAND, expansion->source, "default",
		  keeper->config->instance.name, clock_wall_ms());
	store_cancel(expansion->call);
	expansion->call = batch_commit(&batch, keeper->store, on_ensured, expansion);
	batch_finish(&batch);
}

void expansion_reload(struct expansion *expansion)
{
	const struct config *config = expansion->keeper->config;

	snprintf(expansion->source, sizeof(expansion->source), "config@%s", config->instance.name);
	expansion->settled = false;
	expansion->has_files = false;
	for (size_t i = 0; i < config->targets_len; i++)
		if (config->targets[i].glob || config->targets[i].target.protocol == PROTOCOL_FILE)
			expansion->has_files = true;
	ensure_job(expansion);
}

const char *expansion_source(const struct expansion *expansion)
{
	return expansion->source;
}

bool expansion_has_files(const struct expansion *expansion)
{
	return expansion->has_files;
}

void expansion_done(struct expansion *expansion)
{
	expansion->settled = true;
}

bool expansion_settled(const struct expansion *expansion)
{
	return expansion->settled;
}

static struct target *list_add(struct expansion *expansion, const struct target *target)
{
	struct wanted *wanted;

	if (expansion->len == expansion->cap) {
		expansion->cap = expansion->cap ? expansion->cap * 2 : 64;
		expansion->list = mem_resize(expansion->list, expansion->cap,
					     sizeof(*expansion->list));
	}
	wanted = &expansion->list[expansion->len];
	wanted->place = expansion->len++;
	target_copy(&wanted->target, target);
	return &wanted->target;
}

static int by_id(const void *a, const void *b)
{
	const struct wanted *wa = a, *wb = b;
	int order = strcmp(wa->target.id, wb->target.id);

	return order ? order : (wa->place > wb->place) - (wa->place < wb->place);
}

/* Sorted for searching; of two that mean the same target the first one written counts. */
static void list_finish(struct expansion *expansion)
{
	size_t kept = 0;

	if (expansion->len)
		qsort(expansion->list, expansion->len, sizeof(*expansion->list), by_id);
	for (size_t i = 0; i < expansion->len; i++) {
		if (kept > 0 && strcmp(expansion->list[kept - 1].target.id,
				       expansion->list[i].target.id) == 0) {
			target_finish(&expansion->list[i].target);
			continue;
		}
		expansion->list[kept++] = expansion->list[i];
	}
	expansion->len = kept;
}

const struct wanted *expansion_use(struct expansion *expansion, size_t *len)
{
	*len = expansion->len;
	/* Never NULL, so that the user knows he holds it. */
	return expansion->list ? expansion->list : (const struct wanted *)expansion;
}

void expansion_release(struct expansion *expansion)
{
	list_clear(expansion);
}

static void scan_add_file(struct expansion_scan *scan, const char *path,
			  const struct target *pattern)
{
	struct pending_file *file;

	if (scan->files_len == FILES_MAX)
		return;
	if (scan->files_len == scan->files_cap) {
		scan->files_cap = scan->files_cap ? scan->files_cap * 2 : 64;
		scan->files = mem_resize(scan->files, scan->files_cap, sizeof(*scan->files));
	}
	file = &scan->files[scan->files_len++];
	file->path = str_dup(path);
	target_copy(&file->pattern, pattern);
}

static void scan_add_glob(struct expansion_scan *scan, const struct config_target *wanted)
{
	glob_t found;
	/* GLOB_MARK tells directories apart without a stat of ours. */
	int rc = glob(wanted->pattern, GLOB_MARK | GLOB_NOSORT, NULL, &found);

	if (rc == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (!str_ends(found.gl_pathv[i], "/"))
				scan_add_file(scan, found.gl_pathv[i], &wanted->target);
	if (rc == 0) {
		globfree(&found);
	} else if (rc == GLOB_NOMATCH) {
		log_debug("pattern matches no file", "pattern", wanted->pattern, NULL);
	} else {
		scan->expansion->glob_failed = true;
		log_warn("pattern could not be read", "pattern", wanted->pattern, NULL);
	}
}

static void scan_free(struct expansion_scan *scan)
{
	struct inode *inode, *next;

	HASH_ITER(hh, scan->inodes, inode, next) {
		HASH_DEL(scan->inodes, inode);
		mem_free(inode);
	}
	for (size_t i = 0; i < scan->files_len; i++) {
		mem_free(scan->files[i].path);
		target_finish(&scan->files[i].pattern);
	}
	mem_free(scan->files);
	mem_free(scan);
}

void expansion_scan_cancel(struct expansion_scan *scan)
{
	if (!scan)
		return;
	look_cancel(scan->look);
	deferred_cancel(scan->turn);
	scan_free(scan);
}

/* Adds path (and member) as a target with the pattern's attributes. */
static void add_file_target(struct expansion_scan *scan, const struct pending_file *file,
			    const char *member)
{
	struct expansion *expansion = scan->expansion;
	struct target *target = list_add(expansion, &file->pattern);
	struct err err = {0};

	target->protocol = PROTOCOL_FILE;
	mem_free(target->path);
	mem_free(target->member);
	mem_free(target->instance);
	target->path = str_dup(file->path);
	target->member = str_dup(member);
	target->instance = str_dup(expansion->keeper->config->instance.name);
	if (target_canonical(target, &err))
		return;
	log_warn("file cannot be a target", "path", file->path, "why", err.text, NULL);
	target_finish(target);
	expansion->len--;
}

static void add_known(struct expansion_scan *scan, const struct pending_file *file,
		      const struct known_file *known)
{
	if (known->one_chain || known->members_len == 0)
		add_file_target(scan, file, NULL);
	for (size_t i = 0; !known->one_chain && i < known->members_len; i++)
		add_file_target(scan, file, known->members[i]);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A link to a file already watched is folded. */
static bool seen_inode(struct expansion_scan *scan, const struct stat *st)
{
	struct inode probe, *inode;

	memset(&probe, 0, sizeof(probe));
	probe.key.dev = st->st_dev;
	probe.key.ino = st->st_ino;
	HASH_FIND(hh, scan->inodes, &probe.key, sizeof(probe.key), inode);
	if (inode)
		return true;
	inode = MEM_NEW(struct inode);
	inode->key.dev = st->st_dev;
	inode->key.ino = st->st_ino;
	HASH_ADD(hh, scan->inodes, key, sizeof(inode->key), inode);
	return false;
}

/* A source keeps its last good answer when it fails: what it gave before stays, or the file itself
 * is the target, whose look says what is wrong; nothing of it is swept. */
static void keep_last_answer(struct expansion_scan *scan, const struct pending_file *file)
{
	struct expansion *expansion = scan->expansion;
	struct known_file *known;

	expansion->failed = mem_resize(expansion->failed, expansion->failed_len + 1,
				       sizeof(*expansion->failed));
	expansion->failed[expansion->failed_len++] = str_dup(file->path);
	HASH_FIND_STR(expansion->known, file->path, known);
	if (known)
		add_known(scan, file, known);
	else
		add_file_target(scan, file, NULL);
}

static void remember(struct expansion_scan *scan, const char *path,
		     const struct look_result *result)
{
	struct expansion *expansion = scan->expansion;
	struct known_file *known;

	HASH_FIND_STR(expansion->known, path, known);
	if (known) {
		HASH_DEL(expansion->known, known);
		known_free(known);
	}
	known = MEM_NEW(struct known_file);
	known->path = str_dup(path);
	known->st = scan->st;
	known->one_chain = result->one_chain;
	known->members = MEM_NEW_ARRAY(result->members_len, char *);
	for (size_t i = 0; i < result->members_len; i++)
		if (result->members[i].name)
			known->members[known->members_len++] = str_dup(result->members[i].name);
	HASH_ADD_KEYPTR(hh, expansion->known, known->path, strlen(known->path), known);
}

static void scan_turn(void *arg);

static void on_read(void *arg, struct look_result *result)
{
	struct expansion_scan *scan = arg;
	struct pending_file *file = &scan->files[scan->at];
	struct known_file *known;

	scan->look = NULL;
	if (result->crashed || result->released || result->observation.ours) {
		keep_last_answer(scan, file);
	} else {
		remember(scan, file->path, result);
		HASH_FIND_STR(scan->expansion->known, file->path, known);
		add_known(scan, file, known);
	}
	scan->at++;
	scan_turn(scan);
}

/* True when the file needs the reader; else it was dealt with. */
static bool scan_file(struct expansion_scan *scan, struct pending_file *file)
{
	struct keeper *keeper = scan->expansion->keeper;
	struct known_file *known;
	struct err err = {0};
	struct look_request request = {.now = clock_wall_ms(), .deadline_ms = READ_DEADLINE_MS};
	int fd;

	if (stat(file->path, &scan->st) != 0)
		memset(&scan->st, 0, sizeof(scan->st));
	else if (seen_inode(scan, &scan->st))
		return false;
	HASH_FIND_STR(scan->expansion->known, file->path, known);
	if (known && same_file(&known->st, &scan->st)) {
		add_known(scan, file, known);
		return false;
	}
	fd = files_open(file->path, &err);
	if (fd < 0) {
		keep_last_answer(scan, file);
		return false;
	}
	request.file = fd;
	request.target = &file->pattern;
	scan->look = look_start(keeper->lookers, &request, on_read, scan);
	files_close(fd);
	return true;
}

static void scan_turn(void *arg)
{
	struct expansion_scan *scan = arg;
	void (*done)(void *) = scan->done;
	void *owner = scan->arg;

	scan->turn = NULL;
	while (scan->at < scan->files_len) {
		if (scan_file(scan, &scan->files[scan->at]))
			return;
		scan->at++;
	}
	list_finish(scan->expansion);
	scan_free(scan);
	done(owner);
}

struct expansion_scan *expansion_scan(struct expansion *expansion, void (*done)(void *arg),
				      void *arg)
{
	const struct config *config = expansion->keeper->config;
	struct expansion_scan *scan = MEM_NEW(struct expansion_scan);

	scan->expansion = expansion;
	scan->done = done;
	scan->arg = arg;
	list_clear(expansion);
	forget_failures(expansion);
	/* Everything needed is copied now: a reload may replace the configuration while files are
	 * read. */
	for (size_t i = 0; i < config->targets_len; i++) {
		const struct config_target *wanted = &config->targets[i];

		if (wanted->glob)
			scan_add_glob(scan, wanted);
		else if (wanted->target.protocol == PROTOCOL_FILE && !wanted->target.member)
			scan_add_file(scan, wanted->target.path, &wanted->target);
		else
			list_add(expansion, &wanted->target);
	}
	scan->turn = loop_defer(expansion->keeper->loop, scan_turn, scan);
	return scan;
}
