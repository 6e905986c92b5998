/*
 * The stage on which scenarios play.
 */
#include "tests/scenarios/scenario.h"

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

#include <dirent.h>
#include <unistd.h>

static void on_log(void *arg, enum log_level level, const char *line)
{
	struct scenario *scenario = arg;

	scenario->warnings += level == LOG_LEVEL_WARN;
	scenario->errors += level == LOG_LEVEL_ERROR;
	if (getenv("SCENARIO_LOG"))
		fprintf(stderr, "%s\n", line);
}

void scenario_write_config(struct scenario *scenario, const char *yaml, bool file_store)
{
	FILE *file = fopen(scenario->config_file, "w");

	if (!file)
		bug("no scenario file");
	if (file_store)
		fprintf(file, "store: sqlite://%s/store.db\n", scenario->folder);
	else
		fprintf(file, "store: \"sqlite::memory:\"\n");
	fprintf(file,
		"instance: {name: here}\n"
		"notifiers: {hook: {type: webhook, url: \"http://127.0.0.1:9/\"}}\n%s\n",
		yaml);
	fclose(file);
}

void scenario_continue(struct scenario *scenario)
{
	struct faults faults = {0};
	struct config *config = config_load(scenario->config_file, &faults);
	struct keeper_options options = {.no_listeners = true};
	struct err err = {0};
	char *text = faults_text(&faults);

	if (!config)
		bug("scenario configuration: %s", text);
	mem_free(text);
	faults_finish(&faults);
	scenario->keeper = keeper_new(scenario->loop, config, &options, &err);
	if (!scenario->keeper)
		bug("scenario keeper: %s", err.text);
}

void scenario_start(struct scenario *scenario, const char *yaml, bool file_store)
{
	static bool virtual_time;

	*scenario = (struct scenario){0};
	str_copy(scenario->folder, sizeof(scenario->folder), "/tmp/expiryd-scenario-XXXXXX");
	if (!mkdtemp(scenario->folder))
		bug("no scenario folder");
	snprintf(scenario->config_file, sizeof(scenario->config_file), "%s/expiryd.yaml",
		 scenario->folder);
	/* The wall clock of a scenario starts a day after the build: before it nothing is judged.
	 * Virtual time goes on through the scenarios of one program. */
	if (!virtual_time)
		clock_virtual_start((int64_t)EXPIRYD_BUILD_EPOCH * MS_SECOND + MS_DAY);
	virtual_time = true;
	rand_seed(1);
	log_set_sink(on_log, scenario);
	fake_notifier_reset();
	fake_looks_started = fake_looks_inflight_max = 0;
	scenario->start = clock_wall_ms();
	scenario->loop = loop_new();
	scenario_write_config(scenario, yaml, file_store);
	scenario_continue(scenario);
}

void scenario_stop(struct scenario *scenario)
{
	keeper_free(scenario->keeper);
	scenario->keeper = NULL;
}

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL) {
		char file[512];

		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	if (folder)
		closedir(folder);
	rmdir(path);
}

void scenario_finish(struct scenario *scenario)
{
	scenario_stop(scenario);
	loop_free(scenario->loop);
	remove_folder(scenario->folder);
	fake_notifier_reset();
	log_set_sink(NULL, NULL);
}

void scenario_run(struct scenario *scenario, int64_t ms)
{
	loop_run_virtual(scenario->loop, clock_wall_ms() + ms);
}

struct reading {
	json_t *json;
	bool done;
};

static void on_read(void *arg, struct store_answer *answer)
{
	struct reading *reading = arg;

	reading->done = true;
	if (answer->status == STORE_OK && answer->docs[0].rev)
		reading->json = json_parse(answer->docs[0].body, answer->docs[0].body_len,
					   STORE_BODY_MAX, NULL);
}

json_t *scenario_doc(struct scenario *scenario, const char *kind, const char *id)
{
	struct reading reading = {0};
	struct store_key key = {.kind = kind, .id = id};

	store_get(scenario->keeper->store, &key, 1, on_read, &reading);
	while (!reading.done)
		scenario_run(scenario, 1);
	return reading.json;
}

json_t *scenario_target(struct scenario *scenario, const char *target_text)
{
	char id[SHORT_ID_LEN + 1];

	digest_short_id(target_text, id);
	return scenario_doc(scenario, KIND_TARGET, id);
}

json_t *scenario_alert(struct scenario *scenario, const char *kind, const char *target_text)
{
	struct alert alert;
	enum alert_kind which;
	json_t *json;

	if (!alert_kind_parse(kind, &which))
		bug("no such alert kind: %s", kind);
	alert_init(&alert);
	alert_name(&alert, "default", which, target_text, !strchr(target_text, '/'));
	json = scenario_doc(scenario, KIND_ALERT, alert.id);
	alert_finish(&alert);
	return json;
}

const char *scenario_alert_status(struct scenario *scenario, const char *kind,
				  const char *target_text)
{
	static char status[32];
	json_t *json = scenario_alert(scenario, kind, target_text);

	str_copy(status, sizeof(status), json ? json_get_str(json, "status") : "none");
	json_decref(json);
	return status;
}
