/*
 * One address of one target: connect, handshake, close. An operation in the house's shape that ends
 * in a word (outcome) and the session's raw facts; it judges nothing. A look owns it. The
 * connection is closed before the completion is called, the session lives until it returns.
 */
#include "lib/base/sys.h"
#include "probes/probe.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/word.h"
#include "probes/page.h"
#include "probes/route.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

static const char *const stages[] = {
	[PROBE_CONNECT] = "connect",
	[PROBE_HANDSHAKE] = "handshake",
	[PROBE_DONE] = "done",
};

struct probe {
	struct op op;
	struct address address;
	char *server_name;
	struct session_context *context;
	struct session *session;
	struct role_page *page;
	uint64_t item;
	int64_t started_us;
	probe_done_fn *done;
	void *arg;
};

static void probe_close(struct probe *probe)
{
	op_finish(&probe->op);
	if (probe->op.fd >= 0)
		close(probe->op.fd);
	mem_free(probe->server_name);
	mem_free(probe);
}

static enum want finish(struct probe *probe, enum outcome outcome, bool ours, const char *error)
{
	probe_done_fn *done = probe->done;
	void *arg = probe->arg;
	struct session *session = probe->session;
	const struct probe_result result = {
		.outcome = (int)outcome,
		.error = error,
		.stage = stages[probe->op.stage],
		.duration_ms = (clock_mono_us() - probe->started_us) / 1000,
		.ours = ours,
		.session = session,
	};
	probe_close(probe);
	done(arg, &result);
	/* Only locals are touched behind the call: the session is lent for its duration. */
	session_free(session);
	return WANT_GONE;
}

/* The kernel's answer to a connect, as a word; and whose failure it is. */
static enum want finish_errno(struct probe *probe, int error)
{
	enum outcome outcome = OUTCOME_UNREACHABLE;
	bool ours = false;

	switch (error) {
	case ECONNREFUSED:
		outcome = OUTCOME_REFUSED;
		break;
	case ECONNRESET:
	case EPIPE:
		outcome = OUTCOME_RESET;
		break;
	case ETIMEDOUT:
		return finish(probe, OUTCOME_TIMEOUT, false, "connect: no answer in time");
	case ENETUNREACH:
		ours = !route_exists(&probe->address);
		break;
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EPERM: /* a packet filter of this machine */
	case EACCES:
		ours = true;
		break;
	}
	char text[128];
	snprintf(text, sizeof(text), "connect: %s%s", strerror(error),
		 error == ENETUNREACH && ours ? " (this machine has no route)" : "");
	return finish(probe, outcome, ours, text);
}

static enum want begin_handshake(struct probe *probe)
{
	probe->session = session_new(probe->context, probe->op.fd, probe->server_name);
	return op_go(&probe->op, PROBE_HANDSHAKE);
}

static enum want begin_connect(struct probe *probe)
{
	const struct address *to = &probe->address;
	int one = 1;
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return finish_errno(probe, errno);
	probe->op.fd = fd;
	/* Without it Nagle holds our Finished back until the peer's delayed acknowledgement. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, &to->sa, address_len(to)) == 0)
		return begin_handshake(probe);
	if (errno != EINPROGRESS)
		return finish_errno(probe, errno);
	return WANT_WRITE;
}

static enum want step_connect(struct probe *probe, enum wake wake)
{
	if (wake == WAKE_START)
		return begin_connect(probe);
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(probe->op.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	return error ? finish_errno(probe, error) : begin_handshake(probe);
}

static enum want finish_handshake(struct probe *probe)
{
	session_shutdown(probe->session);
	if (session_chain_len(probe->session) == 0)
		return finish(probe, OUTCOME_NO_CERTIFICATE, false,
			      "the handshake was completed without a certificate");
	probe->op.stage = PROBE_DONE;
	return finish(probe, OUTCOME_OK, false, NULL);
}

/* The session's sentence belongs to the session, which outlives the completion. */
static const char *sentence(const struct probe *probe, const char *otherwise)
{
	const char *error = session_error(probe->session);
	return error && *error ? error : otherwise;
}

static enum want step_handshake(struct probe *probe)
{
	switch (session_handshake(probe->session)) {
	case SESSION_DONE:
		return finish_handshake(probe);
	case SESSION_WANT_READ:
		return WANT_READ;
	case SESSION_WANT_WRITE:
		return WANT_WRITE;
	case SESSION_CLOSED:
		return finish(probe, OUTCOME_CLOSED, false,
			      sentence(probe, "the peer closed the connection"));
	case SESSION_RESET:
		return finish(probe, OUTCOME_RESET, false,
			      sentence(probe, "the peer reset the connection"));
	case SESSION_NOT_TLS:
		return finish(probe, OUTCOME_NOT_TLS, false,
			      sentence(probe, "the peer's answer is not TLS"));
	case SESSION_TOO_LARGE:
		return finish(probe, OUTCOME_TOO_LARGE, false,
			      sentence(probe, "the peer's certificates are too large"));
	case SESSION_FAILED:
		return finish(probe, OUTCOME_TLS_ERROR, false,
			      sentence(probe, "the handshake failed"));
	}
	bug("a session answered with a word that is none");
}

static enum want finish_late(struct probe *probe)
{
	char text[64];
	snprintf(text, sizeof(text), "%s: no answer in time", op_stage_text(&probe->op));
	return finish(probe, OUTCOME_TIMEOUT, false, text);
}

static enum want step_stage(struct probe *probe, enum wake wake)
{
	if (wake == WAKE_DEADLINE)
		return finish_late(probe);
	switch ((enum probe_stage)probe->op.stage) {
	case PROBE_CONNECT:
		return step_connect(probe, wake);
	case PROBE_HANDSHAKE:
		return step_handshake(probe);
	case PROBE_DONE:
		break;
	}
	bug("a probe was woken after its end");
}

static enum want step(struct op *op, enum wake wake)
{
	struct probe *probe = CONTAINER_OF(op, struct probe, op);
	struct role_page *page = probe->page;
	uint64_t before = page_enter(page, probe->item);
	enum want want = step_stage(probe, wake);
	page_leave(page, before);
	return want;
}

struct probe *probe_start(struct loop *loop, const struct probe_config *config, probe_done_fn *done,
			  void *arg)
{
	struct probe *probe = MEM_NEW(struct probe);
	probe->address = config->address;
	probe->server_name = str_dup(config->server_name);
	probe->context = config->context;
	probe->page = config->page;
	probe->item = config->item;
	probe->started_us = clock_mono_us();
	probe->done = done;
	probe->arg = arg;
	/* A deadline that has passed still is one: none at all would let the probe live for ever.
	 */
	int64_t deadline_ms = config->deadline_ms > 0 ? config->deadline_ms : 1;
	op_start(&probe->op, loop, "probe", stages, step, deadline_ms);
	probe->op.fd = -1;
	return probe;
}

void probe_cancel(struct probe *probe)
{
	if (!probe)
		return;
	struct session *session = probe->session;
	probe_close(probe);
	session_free(session);
}
