/*
 * The client side of a TLS handshake for one purpose: to see what the peer presents. Driven by the
 * probe, which arms the descriptor for what session_handshake answers. Sends no application data
 * and trusts nothing; the chain and the client certificate request are read from the messages as
 * they arrive, so that they are known even where the handshake fails on the next one.
 */
#include "lib/tls/session.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/library.h"
#include "lib/tls/session_chain.h"
#include "lib/tls/session_io.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* All that any peer may send before the handshake is over: the chain, and as much again. */
#define HANDSHAKE_BYTES_MAX (2 * SESSION_CHAIN_BYTES_MAX)
/* Reads of up to 16 KiB in one call, so that a fast peer cannot hold the loop. */
#define TURN_READS 16
#define ERROR_MAX 256
#define ALPN_MAX 255

/*
 * Anything a peer may still speak, the strong first. Security level 0, because a handshake with a
 * weak peer (RSA-1024, SHA-1, short DH) is how its certificate is seen, and nothing is ever sent
 * through it; that it is weak is for the rules to say.
 */
#define CIPHERS "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0"

struct session_context {
	SSL_CTX *ssl;
	BIO_METHOD *io;
};

struct session {
	SSL *ssl;
	struct session_io io;
	struct session_chain chain;
	enum session_status status;
	bool ended; /* status is final */
	bool certificate_asked;
	int alert; /* the fatal alert that the peer sent, or -1 */
	char error[ERROR_MAX];
	char alpn[ALPN_MAX + 1];
};

/* ---- what is shared ------------------------------------------------------------------------- */

/* Verification is lib/tls/chain's, on what was kept; here each chain is good enough. */
static int accept_chain(X509_STORE_CTX *verify, void *arg)
{
	(void)verify;
	(void)arg;
	return 1;
}

static void on_message(int sent, int version, int content, const void *data, size_t len, SSL *ssl,
		       void *arg)
{
	struct session *session = arg;
	const uint8_t *bytes = data;

	(void)ssl;
	if (sent || !session)
		return;
	if (content == SSL3_RT_ALERT && len == 2) {
		if (bytes[0] == SSL3_AL_FATAL ||
		    (version == TLS1_3_VERSION && bytes[1] != SSL3_AD_CLOSE_NOTIFY &&
		     bytes[1] != TLS1_AD_USER_CANCELLED))
			session->alert = bytes[1];
		return;
	}
	if (content != SSL3_RT_HANDSHAKE || len < SSL3_HM_HEADER_LENGTH)
		return;
	if (bytes[0] == SSL3_MT_CERTIFICATE_REQUEST)
		session->certificate_asked = true;
	if (bytes[0] == SSL3_MT_CERTIFICATE && session->chain.len == 0)
		session_chain_read(&session->chain, bytes + SSL3_HM_HEADER_LENGTH,
				   len - SSL3_HM_HEADER_LENGTH, version == TLS1_3_VERSION);
}

static bool set_groups(SSL_CTX *ssl)
{
	/*
	 * The most usual first, for only its key share is sent; brainpool for German public
	 * bodies. OpenSSL 3.5 and later sends two shares where they are marked, so that a
	 * post-quantum group costs no round trip with those who lack it.
	 */
	static const char *const lists[] = {
		"*X25519MLKEM768:*X25519:P-256:P-384:P-521:X448:brainpoolP256r1:brainpoolP384r1",
		"X25519:P-256:P-384:P-521:X448:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1",
		"X25519:P-256:P-384:P-521",
		"P-256:P-384:P-521",
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		/* One unknown name refuses the whole list. */
		if (SSL_CTX_set1_groups_list(ssl, lists[i]) == 1)
			return true;
	}
	return false;
}

static bool set_up(SSL_CTX *ssl, bool legacy)
{
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION | SSL_OP_LEGACY_SERVER_CONNECT |
					 SSL_OP_TLSEXT_PADDING);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
	/* The Certificate message is read as it comes. */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ssl, 1);
	/* Most of a look is waiting: without its empty buffers it holds a fifth less. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(ssl, SESSION_CHAIN_BYTES_MAX + 16 * SESSION_CHAIN_MAX);
	SSL_CTX_set_cert_verify_callback(ssl, accept_chain, NULL);
	SSL_CTX_set_msg_callback(ssl, on_message);
	return SSL_CTX_set_min_proto_version(ssl, legacy ? TLS1_VERSION : TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ssl, CIPHERS) == 1 && set_groups(ssl);
}

struct session_context *session_context_new(bool legacy, struct err *err)
{
	struct session_context *context = MEM_NEW(struct session_context);

	library_start();
	ERR_clear_error();
	context->io = session_io_method();
	context->ssl = SSL_CTX_new(TLS_client_method());
	if (context->io && context->ssl && set_up(context->ssl, legacy))
		return context;
	err_set(err, ERR_INTERNAL, "no TLS: %s", library_reason("OpenSSL refuses its settings"));
	session_context_free(context);
	return NULL;
}

void session_context_free(struct session_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->io);
	mem_free(context);
}

/* ---- one session ---------------------------------------------------------------------------- */

static enum session_status end(struct session *session, enum session_status status)
{
	session->ended = true;
	session->status = status;
	return status;
}

static enum session_status end_saying(struct session *session, enum session_status status,
				      const char *sentence)
{
	str_copy(session->error, sizeof(session->error), sentence);
	return end(session, status);
}

struct session *session_new(struct session_context *context, int fd, const char *server_name)
{
	struct session *session = MEM_NEW(struct session);
	BIO *bio;

	session->alert = -1;
	session->io.fd = fd;
	ERR_clear_error();
	session->ssl = SSL_new(context->ssl);
	bio = session_io_bio(context->io, &session->io);
	/* OpenSSL fails here only for want of memory. */
	if (!session->ssl || !bio)
		bug("SSL_new: %s", library_reason("no reason given"));
	SSL_set_bio(session->ssl, bio, bio);
	SSL_set_msg_callback_arg(session->ssl, session);
	SSL_set_connect_state(session->ssl);
	if (server_name && SSL_set_tlsext_host_name(session->ssl, server_name) != 1)
		end_saying(session, SESSION_FAILED, "the server name does not fit into TLS");
	ERR_clear_error();
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	SSL_free(session->ssl);
	session_chain_finish(&session->chain);
	mem_free(session);
}

static void say_alert(struct session *session)
{
	/* RFC 8446 6: the names people search for. Two of them are unknown to OpenSSL 3.0. */
	const char *name = session->alert == TLS13_AD_CERTIFICATE_REQUIRED ? "certificate required"
			   : session->alert == TLS13_AD_MISSING_EXTENSION
				   ? "missing extension"
				   : SSL_alert_desc_string_long(session->alert);

	snprintf(session->error, sizeof(session->error), "the peer sent the alert \"%s\" (%d)",
		 name, session->alert);
}

static enum session_status end_closed(struct session *session)
{
	return end_saying(session, SESSION_CLOSED,
			  session->io.received > 0
				  ? "the peer closed the connection during the handshake"
				  : "the peer closed the connection without an answer");
}

static bool is_reset(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ECONNABORTED;
}

/*
 * Why the handshake ended. The order is that of certainty: what the peer said outweighs how the
 * connection ended, and both outweigh what OpenSSL made of it.
 */
static enum session_status end_failed(struct session *session, int ssl_error)
{
	int error = session->io.error;

	if (session->chain.too_large ||
	    library_reason_code(ERR_LIB_SSL) == SSL_R_EXCESSIVE_MESSAGE_SIZE)
		return end_saying(session, SESSION_TOO_LARGE,
				  "the peer's chain is larger than any honest one");
	if (session_io_not_tls(&session->io)) {
		session_io_sentence(&session->io, session->error, sizeof(session->error));
		return end(session, SESSION_NOT_TLS);
	}
	if (session->alert >= 0) {
		say_alert(session);
		return end(session, SESSION_FAILED);
	}
	if (is_reset(error))
		return end_saying(session, SESSION_RESET, "the peer reset the connection");
	if (error != 0)
		return end_saying(session, SESSION_FAILED, strerror(error));
	if (session->io.eof || ssl_error == SSL_ERROR_ZERO_RETURN)
		return end_closed(session);
	return end_saying(session, SESSION_FAILED, library_reason("the handshake failed"));
}

static void keep_facts(struct session *session)
{
	const unsigned char *protocol;
	unsigned int len;

	SSL_get0_alpn_selected(session->ssl, &protocol, &len);
	if (protocol && len <= ALPN_MAX) {
		memcpy(session->alpn, protocol, len);
		session->alpn[len] = '\0';
	}
}

enum session_status session_handshake(struct session *session)
{
	int result, error;

	if (session->ended)
		return session->status;
	session->io.turn = TURN_READS;
	ERR_clear_error();
	result = SSL_do_handshake(session->ssl);
	error = SSL_get_error(session->ssl, result);
	if (result == 1 && !session->chain.too_large) {
		keep_facts(session);
		end(session, SESSION_DONE);
	} else if (result == 1 || (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ||
		   session->chain.too_large || session_io_not_tls(&session->io)) {
		/* A peer that said five bytes of something else is not waited for. */
		end_failed(session, error);
	} else if (session->io.received > HANDSHAKE_BYTES_MAX) {
		end_saying(session, SESSION_TOO_LARGE, "the peer's handshake does not end");
	} else {
		session->status = error == SSL_ERROR_WANT_READ ? SESSION_WANT_READ
							       : SESSION_WANT_WRITE;
	}
	ERR_clear_error();
	return session->status;
}

void session_shutdown(struct session *session)
{
	if (!session->ended || session->status != SESSION_DONE)
		return;
	ERR_clear_error();
	/* One attempt: the peer's own close_notify is not waited for. */
	SSL_shutdown(session->ssl);
	ERR_clear_error();
}

/* ---- facts ---------------------------------------------------------------------------------- */

const char *session_error(const struct session *session)
{
	return session->error;
}

/* Before the ServerHello, OpenSSL answers with what was offered. */
static const SSL_CIPHER *agreed(const struct session *session)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);

	return cipher ? cipher : SSL_get_pending_cipher(session->ssl);
}

const char *session_version(const struct session *session)
{
	return agreed(session) ? SSL_get_version(session->ssl) : NULL;
}

const char *session_cipher(const struct session *session)
{
	const SSL_CIPHER *cipher = agreed(session);

	return cipher ? SSL_CIPHER_get_name(cipher) : NULL;
}

/* The names people and the contract use, for those that have two. */
static const char *group_text(const char *name)
{
	static const struct {
		const char *openssl, *ours;
	} names[] = {
		{"prime256v1", "P-256"}, {"secp256r1", "P-256"}, {"secp384r1", "P-384"},
		{"secp521r1", "P-521"},	 {"x25519", "X25519"},	 {"x448", "X448"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(names[i].openssl, name))
			return names[i].ours;
	}
	return name;
}

const char *session_group(const struct session *session)
{
	const char *name = NULL;

	if (!agreed(session))
		return NULL;
	ERR_clear_error();
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
	name = SSL_get0_group_name(session->ssl);
#else
	int nid = (int)SSL_get_negotiated_group(session->ssl);

	/* None where the key exchange is RSA's. */
	if (nid != NID_undef)
		name = SSL_group_to_name(session->ssl, nid);
#endif
	ERR_clear_error();
	return group_text(name);
}

bool session_post_quantum(const struct session *session)
{
	const char *group = session_group(session);

	return group && (strstr(group, "MLKEM") || strstr(group, "Kyber"));
}

const char *session_alpn(const struct session *session)
{
	return session->alpn[0] ? session->alpn : NULL;
}

size_t session_chain_len(const struct session *session)
{
	return session->chain.len;
}

const uint8_t *session_chain_der(const struct session *session, size_t i, size_t *len)
{
	if (i >= session->chain.len)
		bug("certificate %zu of %zu", i, session->chain.len);
	*len = session->chain.certs[i].len;
	return session->chain.certs[i].der;
}

bool session_client_certificate_asked(const struct session *session)
{
	return session->certificate_asked;
}
