/*
 * Listings. The rows come whole from the daemon; columns, order and form are made here, and the
 * form never changes what is found.
 */
#include "cli/listing.h"

#include "cli/table.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <getopt.h>

#define TEXT_MAX (1024 * 1024)

struct listing_call {
	const struct listing *listing;
	enum format format;
	const char *columns[LISTING_COLUMNS_MAX + 1];
	size_t columns_len;
	char *columns_text; /* owns the words of --columns */
	const char *sort;
	bool descending, exit_code, all;
	int64_t limit;
	const char *word;
};

static bool known_column(const struct listing *listing, const char *name)
{
	for (size_t i = 0; listing->columns[i]; i++)
		if (str_eq(listing->columns[i], name))
			return true;
	return listing->tags && str_starts(name, "tag.") && name[strlen("tag.")];
}

static const char *column_next(const void *arg, size_t i)
{
	return ((const struct listing *)arg)->columns[i];
}

static bool check_column(const struct listing *listing, const char *name)
{
	const char *near;

	if (known_column(listing, name))
		return true;
	near = str_nearest(name, column_next, listing);
	cmd_wrong_use(listing->cmd, "there is no column %s%s%s", name,
		      near ? "; did you mean " : "", near ? near : "");
	return false;
}

static void use_columns(struct listing_call *call, const char *const *columns)
{
	for (size_t i = 0; columns[i] && call->columns_len < LISTING_COLUMNS_MAX; i++)
		call->columns[call->columns_len++] = columns[i];
}

static bool read_columns(struct listing_call *call, const char *text)
{
	mem_free(call->columns_text);
	call->columns_text = str_dup(text);
	call->columns_len = 0;
	for (char *word = call->columns_text, *end; word; word = end) {
		end = strchr(word, ',');
		if (end)
			*end++ = '\0';
		word = str_trim(word);
		if (str_eq(word, "@default"))
			use_columns(call, call->listing->usual);
		else if (!check_column(call->listing, word))
			return false;
		else if (call->columns_len < LISTING_COLUMNS_MAX)
			call->columns[call->columns_len++] = word;
	}
	return true;
}

/* Filters come with a later version; half of one must not look like a word that finds nothing. */
static bool is_filter(const char *text)
{
	return strpbrk(text, "=<>~\"() ") != NULL;
}

static int read_words(struct listing_call *call, int argc, char **argv)
{
	const struct listing *listing = call->listing;

	if (optind < argc && !listing->word)
		return cmd_wrong_use(listing->cmd, "unexpected argument %s", argv[optind]);
	if (argc - optind > 1 || (optind < argc && is_filter(argv[optind])))
		return cmd_wrong_use(listing->cmd,
				     "filters are not supported by this version: give one word to "
				     "look for");
	if (optind < argc && !str_eq(argv[optind], "all"))
		call->word = argv[optind];
	return EXIT_WELL;
}

static int read_call(struct listing_call *call, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"columns", required_argument, NULL, 'c'},
		{"sort", required_argument, NULL, 's'},
		{"limit", required_argument, NULL, 'l'},
		{"exit-code", no_argument, NULL, 'e'},
		{"all", no_argument, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	const struct cmd *cmd = call->listing->cmd;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'f' && !format_parse(optarg, &call->format))
			return EXIT_WRONG;
		if (option == 'c' && !read_columns(call, optarg))
			return EXIT_WRONG;
		if (option == 's') {
			call->descending = optarg[0] == '-';
			call->sort = optarg + call->descending;
			if (!check_column(call->listing, call->sort))
				return EXIT_WRONG;
		}
		if (option == 'l' && !str_to_i64(optarg, 1, 100000000, &call->limit))
			return cmd_wrong_use(cmd, "--limit must be a number from 1, not %s",
					     optarg);
		if (option == 'e')
			call->exit_code = true;
		if (option == 'a' && !call->listing->all)
			return cmd_wrong_use(cmd, "there is no --all here");
		if (option == 'a')
			call->all = true;
		if (option == '?')
			return cmd_wrong_use(cmd, "the call is wrong");
	}
	return read_words(call, argc, argv);
}

static const json_t *cell(const json_t *row, const char *column)
{
	if (str_starts(column, "tag."))
		return json_object_get(json_object_get(row, "tags"), column + strlen("tag."));
	return json_object_get(row, column);
}

static void add_members(struct buf *out, const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach((json_t *)(uintptr_t)value, i, member) {
			buf_add_str(out, i ? " " : "");
			listing_text(out, "", member);
		}
		return;
	}
	i = 0;
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		buf_printf(out, "%s%s=", i++ ? " " : "", key);
		listing_text(out, "", member);
	}
}

void listing_text(struct buf *out, const char *column, const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t at;

	if (json_is_integer(value)) {
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		buf_printf(out, "%.3g", json_real_value(value));
	} else if (json_is_boolean(value)) {
		buf_add_str(out, json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value) || json_is_object(value)) {
		add_members(out, value);
	} else if (text && *column && strlen(text) >= 20 && text[10] == 'T' &&
		   clock_parse(text, &at)) {
		/* A time for people: to the minute, UTC. */
		buf_printf(out, "%.10s %.5s", text, text + 11);
	} else if (text) {
		buf_add_str(out, text);
	}
}

const char *listing_color(const json_t *row)
{
	const char *severity = json_get_str(row, "severity");

	if (str_eq(severity, "critical"))
		return "\033[31m";
	return str_eq(severity, "warning") ? "\033[33m" : "";
}

static int compare_values(const json_t *a, const json_t *b)
{
	struct buf ta, tb;
	int order;

	/* Nulls last, numbers as numbers, all else as text. */
	if (!a || !b || json_is_null(a) || json_is_null(b))
		return (!a || json_is_null(a)) - (!b || json_is_null(b));
	if (json_is_number(a) && json_is_number(b)) {
		double da = json_number_value(a), db = json_number_value(b);

		return (da > db) - (da < db);
	}
	buf_init(&ta, TEXT_MAX);
	buf_init(&tb, TEXT_MAX);
	listing_text(&ta, "", a);
	listing_text(&tb, "", b);
	order = strcmp(buf_text(&ta), buf_text(&tb));
	buf_finish(&ta);
	buf_finish(&tb);
	return order;
}

/* qsort has no argument: the call being sorted. */
static const struct listing_call *sorting;

static int compare_rows(const void *a, const void *b)
{
	const json_t *const *ra = a, *const *rb = b;
	const json_t *va = cell(*ra, sorting->sort), *vb = cell(*rb, sorting->sort);
	int order = compare_values(va, vb);

	if (sorting->descending && va && vb && !json_is_null(va) && !json_is_null(vb))
		order = -order;
	return order;
}

static json_t *sorted_rows(const struct listing_call *call, const json_t *rows)
{
	size_t len = json_array_size(rows);
	json_t **list = MEM_NEW_ARRAY(len, json_t *), *out = json_array();

	for (size_t i = 0; i < len; i++)
		list[i] = json_array_get(rows, i);
	sorting = call;
	if (call->sort && len)
		qsort(list, len, sizeof(*list), compare_rows);
	for (size_t i = 0; i < len && (!call->limit || (int64_t)i < call->limit); i++)
		json_array_append(out, list[i]);
	mem_free(list);
	return out;
}

static void print_table(const struct listing_call *call, const json_t *rows, bool color)
{
	char *heads_text[LISTING_COLUMNS_MAX];
	const char *heads[LISTING_COLUMNS_MAX], *texts[LISTING_COLUMNS_MAX];
	struct buf cells[LISTING_COLUMNS_MAX];
	struct table table;
	size_t i;
	json_t *row;

	for (size_t c = 0; c < call->columns_len; c++) {
		heads_text[c] = str_dup(call->columns[c]);
		for (char *at = heads_text[c]; *at; at++)
			*at = *at == '_'		   ? ' '
			      : (*at >= 'a' && *at <= 'z') ? (char)(*at - 32)
							   : *at;
		heads[c] = heads_text[c];
		buf_init(&cells[c], TEXT_MAX);
	}
	table_init(&table, heads, call->columns_len);
	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		for (size_t c = 0; c < call->columns_len; c++) {
			buf_reset(&cells[c]);
			listing_text(&cells[c], call->columns[c], cell(row, call->columns[c]));
			texts[c] = buf_text(&cells[c]);
		}
		table_row(&table, texts, listing_color(row));
	}
	table_print(&table, stdout, table_window(stdout), color);
	table_finish(&table);
	for (size_t c = 0; c < call->columns_len; c++) {
		mem_free(heads_text[c]);
		buf_finish(&cells[c]);
	}
}

static void print_csv(const struct listing_call *call, const json_t *rows)
{
	struct buf line, text;
	size_t i;
	json_t *row;

	buf_init(&line, 4 * TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	for (size_t c = 0; c < call->columns_len; c++)
		printf("%s%s", c ? "," : "", call->columns[c]);
	fputs("\r\n", stdout);
	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		buf_reset(&line);
		for (size_t c = 0; c < call->columns_len; c++) {
			const json_t *value = cell(row, call->columns[c]);

			buf_reset(&text);
			if (json_is_boolean(value))
				buf_add_str(&text, json_is_true(value) ? "true" : "false");
			else
				listing_text(&text, "", value);
			if (c)
				buf_add_char(&line, ',');
			if (json_is_number(value))
				buf_add_str(&line, buf_text(&text));
			else
				text_csv(&line, buf_text(&text), text.len);
		}
		printf("%s\r\n", buf_text(&line));
	}
	buf_finish(&text);
	buf_finish(&line);
}

/* With --columns machines get these only, in the same names. */
static json_t *chosen(const struct listing_call *call, const json_t *row)
{
	json_t *out;

	if (!call->columns_text)
		return json_incref((json_t *)(uintptr_t)row);
	out = json_object();
	for (size_t c = 0; c < call->columns_len; c++) {
		const json_t *value = cell(row, call->columns[c]);

		json_put(out, call->columns[c],
			 value ? json_incref((json_t *)(uintptr_t)value) : NULL);
	}
	return out;
}

static void print_machine(const struct listing_call *call, json_t *answer, const json_t *rows)
{
	json_t *list = json_array(), *row;
	char *text;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
		json_array_append_new(list, chosen(call, row));
	if (call->format == FORMAT_JSON) {
		json_put(answer, "rows", json_incref(list));
		text = json_write(answer);
		printf("%s\n", text);
		mem_free(text);
	} else {
		json_array_foreach(list, i, row) {
			text = json_write(row);
			printf("%s\n", text);
			mem_free(text);
		}
	}
	json_decref(list);
}

static void print_rows(struct listing_call *call, json_t *answer, const json_t *rows, bool color)
{
	switch (call->format) {
	case FORMAT_TABLE:
		if (call->columns_len == 0)
			use_columns(call, call->listing->usual);
		print_table(call, rows, color);
		break;
	case FORMAT_CSV:
		if (call->columns_len == 0)
			use_columns(call, call->listing->columns);
		print_csv(call, rows);
		break;
	case FORMAT_JSON:
	case FORMAT_NDJSON:
		print_machine(call, answer, rows);
		break;
	}
}

static char *path_of(const struct listing_call *call)
{
	struct buf path;
	char *text;

	buf_init(&path, 65536);
	buf_printf(&path, "%s?", call->listing->path);
	/* Sorted here, the whole must come; else the daemon stops early. */
	if (call->limit && !call->sort)
		buf_printf(&path, "limit=%lld&", (long long)call->limit);
	if (call->all)
		buf_add_str(&path, "all=1&");
	if (call->word) {
		buf_add_str(&path, "word=");
		url_encode(&path, call->word);
	}
	text = buf_take(&path);
	buf_finish(&path);
	return text;
}

int listing_run(const struct listing *listing, const struct globals *globals, int argc, char **argv)
{
	struct listing_call call = {.listing = listing};
	struct client client = {0};
	json_t *answer = NULL, *rows;
	int status = read_call(&call, argc, argv);
	char *path = NULL;

	if (status == EXIT_WELL)
		status = client_init(&client, globals);
	if (status == EXIT_WELL) {
		path = path_of(&call);
		status = client_json(&client, "GET", path, NULL, &answer);
	}
	if (status == EXIT_WELL) {
		rows = sorted_rows(&call, json_get_array(answer, "rows"));
		print_rows(&call, answer, rows, color_wanted(globals, stdout));
		if (call.exit_code && json_array_size(rows) > 0)
			status = EXIT_FAILED;
		json_decref(rows);
	}
	json_decref(answer);
	mem_free(path);
	mem_free(call.columns_text);
	client_finish(&client);
	return status;
}
