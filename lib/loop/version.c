/*
 * Run-time versions of the libraries that have their door in this folder, for --version.
 */
#include "lib/loop/loop.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <unbound.h>

void loop_versions(FILE *out)
{
	fprintf(out, "libevent %s\n", event_get_version());
	fprintf(out, "libcurl %s\n", curl_version_info(CURLVERSION_NOW)->version);
	fprintf(out, "libunbound %s\n", ub_version());
}
