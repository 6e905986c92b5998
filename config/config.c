/*
 * A generation from its files: the main file and conf.d (*.yaml) beside it in name order, merged
 * into one tree (lists and maps join, anything else may stand only once), read by the table,
 * completed, or refused as a whole.
 */
#include "config/schema.h"

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAGMENTS_MAX 1000

struct sources {
	struct loader loader;
	struct node tree;
	struct buf digested; /* digests of the files, for the generation's hash */
};

static struct config_place whole(const char *file)
{
	return (struct config_place){.file = file};
}

static char *read_file(struct sources *sources, const char *path, size_t *len)
{
	struct config_place place = whole(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int why = errno;
	struct stat st;
	struct buf text;
	ssize_t got = -1;

	if (fd < 0) {
		fault_add(sources->loader.faults, &place, false, "%s", strerror(why));
		return NULL;
	}
	buf_init(&text, YAML_FILE_MAX);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		fault_add(sources->loader.faults, &place, false, "it is no regular file");
	} else {
		sources->loader.exposed = (st.st_mode & S_IROTH) != 0;
		do {
			char *room = buf_space(&text, 65536);

			got = room ? read(fd, room, 65536) : -1;
			if (got > 0)
				buf_added(&text, (size_t)got);
		} while (got > 0);
		if (got < 0)
			fault_add(sources->loader.faults, &place, false, "it could not be read");
	}
	close(fd);
	*len = text.len;
	if (got < 0) {
		buf_finish(&text);
		return NULL;
	}
	if (text.len == 0) {
		buf_finish(&text);
		return str_dup("");
	}
	return buf_take(&text);
}

static void append(struct arena *arena, struct node *to, const struct node *from)
{
	struct node *items = arena_alloc(arena, (to->len + from->len) * sizeof(*items));

	if (to->len)
		memcpy(items, to->items, to->len * sizeof(*items));
	if (from->len)
		memcpy(items + to->len, from->items, from->len * sizeof(*items));
	to->items = items;
	to->len += from->len;
}

/* One more file into the tree. */
static void merge(struct sources *sources, struct node *to, const struct node *from)
{
	struct arena *arena = &sources->loader.config->arena;

	for (size_t i = 0; i + 1 < from->len; i += 2) {
		struct node *known = node_get(to, from->items[i].text);
		const struct node *value = &from->items[i + 1];
		struct node entry = {.type = NODE_MAP, .items = &from->items[i], .len = 2};

		if (!known)
			append(arena, to, &entry);
		else if (known->type == NODE_LIST && value->type == NODE_LIST)
			append(arena, known, value);
		else if (known->type == NODE_MAP && value->type == NODE_MAP)
			merge(sources, known, value);
		else if (!str_eq(known->place.file, from->items[i].place.file))
			/* Twice in one file was noted when it was parsed. */
			fault_add(sources->loader.faults, &from->items[i].place, false,
				  "the key %s stands in %s:%d too", from->items[i].text,
				  known->place.file, known->place.line);
	}
}

static void add_file(struct sources *sources, const char *path)
{
	struct config *config = sources->loader.config;
	const char *name = arena_str(&config->arena, path);
	struct node tree;
	size_t len;
	char *text = read_file(sources, name, &len);
	char hex[SHA256_HEX_LEN + 1];

	if (!text)
		return;
	digest_sha256_hex(text, len, hex);
	buf_add_str(&sources->digested, hex);
	if (yaml_parse(&config->arena, name, text, len, &tree, sources->loader.faults)) {
		if (tree.type == NODE_MAP)
			merge(sources, &sources->tree, &tree);
		else
			fault_add(sources->loader.faults, &tree.place, false,
				  "a configuration is a map of keys such as targets:");
	}
	mem_wipe(text, len);
	mem_free(text);
}

static int is_fragment(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends(entry->d_name, ".yaml");
}

static void add_fragments(struct sources *sources)
{
	char *folder = str_printf("%s/conf.d", sources->loader.folder);
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_fragment, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = str_printf("%s/%s", folder, entries[i]->d_name);

		if (i < FRAGMENTS_MAX)
			add_file(sources, path);
		mem_free(path);
		free(entries[i]);
	}
	free(entries);
	mem_free(folder);
}

static const char *host_name(struct arena *arena)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || !name[0])
		return "localhost";
	for (char *c = name; *c; c++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-",
			    *c))
			*c = '-';
	name[64] = '\0';
	return arena_str(arena, name);
}

/* What the service manager says, else the usual places. */
static const char *place_in(struct arena *arena, const char *variable, const char *usual,
			    const char *format)
{
	const char *folder = getenv(variable);
	char *text, *first;
	const char *kept;

	first = str_dup_n(folder && *folder ? folder : usual,
			  strcspn(folder && *folder ? folder : usual, ":"));
	text = str_printf("%s%s", first, format);
	kept = arena_str(arena, text);
	mem_free(first);
	mem_free(text);
	return kept;
}

static void lay_defaults(struct config *config)
{
	char *store;

	policy_init(&config->policy);
	config->instance.name = host_name(&config->arena);
	config->instance.purpose = PURPOSE_PROBE | PURPOSE_NOTIFY;
	config->control.socket = place_in(&config->arena, "RUNTIME_DIRECTORY", "/run/expiryd",
					  "/control.sock");
	store = str_printf("sqlite://%s", place_in(&config->arena, "STATE_DIRECTORY",
						   "/var/lib/expiryd", "/expiryd.db"));
	config->store_url = arena_str(&config->arena, store);
	mem_free(store);
}

/* Targets take the policy as it stands after everything else was read. */
static bool read_tree(struct sources *sources)
{
	struct loader *loader = &sources->loader;
	struct node first = sources->tree, last = {.type = NODE_MAP, .place = sources->tree.place};
	bool ok;

	first.len = 0;
	first.items = arena_alloc(&loader->config->arena,
				  (sources->tree.len + 1) * sizeof(*first.items));
	for (size_t i = 0; i + 1 < sources->tree.len; i += 2) {
		struct node *entry = &sources->tree.items[i];

		if (str_eq(entry->text, "targets")) {
			last.items = entry;
			last.len = 2;
			continue;
		}
		first.items[first.len++] = entry[0];
		first.items[first.len++] = entry[1];
	}
	load_fallbacks(loader, keys_root, loader->config);
	ok = load_map(loader, keys_root, &first, loader->config);
	return load_map(loader, keys_root, &last, loader->config) && ok;
}

static bool has_fault(const struct faults *faults)
{
	for (size_t i = 0; i < faults->len; i++)
		if (!faults->list[i].warning)
			return true;
	return false;
}

static bool absolute_path(const char *file, char out[PATH_MAX])
{
	char folder[PATH_MAX];

	if (file[0] == '/')
		return str_copy(out, PATH_MAX, file);
	if (!getcwd(folder, sizeof(folder)))
		return false;
	return snprintf(out, PATH_MAX, "%s/%s", folder, file) < PATH_MAX;
}

static struct config *load(const char *file, bool for_cli, struct faults *faults)
{
	struct sources sources = {0};
	struct config *config = MEM_NEW(struct config);
	char path[PATH_MAX];
	char *folder;

	if (!absolute_path(file, path)) {
		struct config_place place = whole(file);

		fault_add(faults, &place, false, "the path is too long");
		mem_free(config);
		return NULL;
	}
	config->file = arena_str(&config->arena, path);
	folder = strrchr(path, '/');
	*(folder == path ? folder + 1 : folder) = '\0';
	sources.loader = (struct loader){.config = config,
					 .faults = faults,
					 .folder = arena_str(&config->arena, path),
					 .for_cli = for_cli};
	sources.tree = (struct node){.type = NODE_MAP, .place = whole(config->file)};
	buf_init(&sources.digested, (FRAGMENTS_MAX + 1) * SHA256_HEX_LEN);
	lay_defaults(config);
	add_file(&sources, config->file);
	add_fragments(&sources);
	read_tree(&sources);
	digest_short_id(buf_text(&sources.digested), path);
	path[16] = '\0';
	str_copy(config->hash, sizeof(config->hash), path);
	buf_finish(&sources.digested);
	config->loaded_at = clock_wall_ms();
	if (!has_fault(faults))
		return config;
	config_free(config);
	return NULL;
}

struct config *config_load(const char *file, struct faults *faults)
{
	return load(file, false, faults);
}

struct config *config_load_for_cli(const char *file, struct faults *faults)
{
	return load(file, true, faults);
}

void config_free(struct config *config)
{
	struct arena arena;

	if (!config)
		return;
	for (size_t i = 0; i < config->targets_len; i++)
		target_finish(&config->targets[i].target);
	mem_free(config->targets);
	for (size_t i = 0; i < config->notifiers_len; i++) {
		secret_finish(&config->notifiers[i].url);
		secret_finish(&config->notifiers[i].secret);
	}
	for (size_t i = 0; i < config->http.tokens_len; i++)
		secret_finish(&config->http.tokens[i].token);
	arena = config->arena;
	mem_free(config);
	arena_finish(&arena);
}
