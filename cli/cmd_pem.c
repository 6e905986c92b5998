/*
 * expiryctl pem: the chain of a target as it was last seen, leaf first.
 */
#include "cli/asking.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <getopt.h>

#define PEM_MAX (16 * 1024 * 1024)

const struct cmd cmd_pem;

static const json_t *choose(const json_t *answer, const char *address)
{
	const json_t *endpoint, *chosen = NULL;
	size_t i;

	json_array_foreach(json_get_array(answer, "endpoints"), i, endpoint) {
		if (!json_get_object(endpoint, "certificate"))
			continue;
		if (address ? str_eq(json_get_str(endpoint, "address"), address) : !chosen)
			chosen = endpoint;
	}
	return chosen;
}

static int print_one(struct client *client, const json_t *certificate)
{
	const char *sha256 = json_get_str(certificate, "sha256");
	char *path = ask_path("/api/v1/certificates/", sha256 ? sha256 : "", ".pem");
	struct buf pem;
	int http_status = 0, status;

	buf_init(&pem, PEM_MAX);
	status = client_ask(client, "GET", path, NULL, &http_status, &pem);
	if (status == EXIT_WELL && http_status >= 300) {
		status = client_problem(http_status, buf_text(&pem), pem.len);
		status = status == EXIT_WRONG ? EXIT_FAILED : status;
	} else if (status == EXIT_WELL) {
		fwrite(pem.data, 1, pem.len, stdout);
	}
	buf_finish(&pem);
	mem_free(path);
	return status;
}

static int print_chain(struct client *client, const json_t *endpoint)
{
	const json_t *chain = json_get_array(endpoint, "chain"), *link;
	int status = print_one(client, json_get_object(endpoint, "certificate"));
	size_t i;

	json_array_foreach(chain, i, link) {
		if (status == EXIT_WELL)
			status = print_one(client, link);
	}
	return status;
}

static int show(struct client *client, const char *target, const char *address)
{
	char *path = ask_path("/api/v1/targets/", target, "");
	json_t *answer = NULL;
	const json_t *endpoint;
	int status = client_json(client, "GET", path, NULL, &answer);

	if (status == EXIT_WELL) {
		endpoint = choose(answer, address);
		if (endpoint) {
			status = print_chain(client, endpoint);
		} else {
			cmd_wrong("no certificate of %s%s%s was seen", target,
				  address ? " at " : "", address ? address : "");
			status = EXIT_FAILED;
		}
	}
	json_decref(answer);
	mem_free(path);
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = {
		{"address", required_argument, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	const char *address = NULL;
	struct client client;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return cmd_wrong_use(&cmd_pem, "the call is wrong");
		address = optarg;
	}
	if (argc - optind != 1)
		return cmd_wrong_use(&cmd_pem, "it takes one TARGET");
	status = client_init(&client, globals);
	if (status == EXIT_WELL)
		status = show(&client, argv[optind], address);
	client_finish(&client);
	return status;
}

const struct cmd cmd_pem = {
	.name = "pem",
	.what = "the chain of a target in PEM, as last seen",
	.usage = "Usage: expiryctl pem [options] TARGET\n"
		 "Prints the certificates of TARGET as they were last sent, leaf first.\n\n"
		 "      --address A      as this address sent them; else the first that did\n"
		 "\nExamples:\n"
		 "  expiryctl pem www.example.com > chain.pem\n",
	.run = run,
};
