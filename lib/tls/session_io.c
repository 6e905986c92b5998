/*
 * The BIO between OpenSSL and a socket. Called by OpenSSL only, from inside session_handshake and
 * session_shutdown. Uses send and recv, so that a peer that went away is EPIPE and no signal.
 */
#include "lib/tls/session_io.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include <errno.h>
#include <sys/socket.h>

/* The first one counts: what follows an end of file (an alert that cannot be sent) is its echo. */
static void keep_error(struct session_io *io, int error)
{
	if (io->error == 0 && !io->eof)
		io->error = error;
}

static int io_write(BIO *bio, const char *data, int len)
{
	struct session_io *io = BIO_get_data(bio);
	ssize_t sent;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	sent = send(io->fd, data, (size_t)len, MSG_NOSIGNAL);
	if (sent >= 0)
		return (int)sent;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		BIO_set_retry_write(bio);
	else
		keep_error(io, errno);
	return -1;
}

static void keep_first(struct session_io *io, const char *data, size_t len)
{
	size_t room = sizeof(io->first) - io->first_len;

	io->received += len;
	if (len > room)
		len = room;
	memcpy(io->first + io->first_len, data, len);
	io->first_len += len;
}

static int io_read(BIO *bio, char *data, int len)
{
	struct session_io *io = BIO_get_data(bio);
	ssize_t got;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	if (io->turn <= 0) {
		/* There may be more: the descriptor stays readable, so the loop comes back. */
		BIO_set_retry_read(bio);
		return -1;
	}
	io->turn--;
	got = recv(io->fd, data, (size_t)len, 0);
	if (got > 0) {
		keep_first(io, data, (size_t)got);
		return (int)got;
	}
	if (got == 0) {
		io->eof = true;
		return 0;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		BIO_set_retry_read(bio);
	else
		keep_error(io, errno);
	return -1;
}

static long io_ctrl(BIO *bio, int command, long number, void *pointer)
{
	struct session_io *io = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_FLUSH)
		return 1;
	if (command == BIO_CTRL_EOF)
		return io->eof;
	return 0;
}

BIO_METHOD *session_io_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "session");

	if (method) {
		BIO_meth_set_write(method, io_write);
		BIO_meth_set_read(method, io_read);
		BIO_meth_set_ctrl(method, io_ctrl);
	}
	return method;
}

BIO *session_io_bio(BIO_METHOD *method, struct session_io *io)
{
	BIO *bio = BIO_new(method);

	if (bio) {
		BIO_set_data(bio, io);
		BIO_set_init(bio, 1);
	}
	return bio;
}

bool session_io_not_tls(const struct session_io *io)
{
	/* RFC 8446 5.1: content types 20..24; the version's first byte has been 3 since SSL 3.0. */
	if (io->first_len >= 1 && (io->first[0] < 20 || io->first[0] > 24))
		return true;
	return io->first_len >= 2 && io->first[1] != 3;
}

void session_io_sentence(const struct session_io *io, char *out, size_t out_len)
{
	const char *text = (const char *)io->first;
	size_t len = 0;
	struct buf line;

	if (io->first_len >= 5 && memcmp(text, "HTTP/", 5) == 0) {
		str_copy(out, out_len, "the peer answers in HTTP without TLS");
		return;
	}
	while (len < io->first_len && text[len] != '\r' && text[len] != '\n')
		len++;
	buf_init(&line, out_len - 1);
	buf_add_str(&line, "the peer does not speak TLS; its first bytes are \"");
	text_terminal(&line, text, len);
	buf_add_char(&line, '"');
	str_copy(out, out_len, buf_text(&line));
	buf_finish(&line);
}
