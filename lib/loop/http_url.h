/*
 * URLs and their secrets, for http.c: which parts must not appear in a text for people.
 */
#ifndef LIB_LOOP_HTTP_URL_H
#define LIB_LOOP_HTTP_URL_H

#include "lib/loop/http.h"

/* text with whatever of url's user info, path and query stands in it replaced by ***, and control
 * bytes escaped. */
void http_url_scrub(const char *url, const char *text, char *out, size_t out_len);

#endif
