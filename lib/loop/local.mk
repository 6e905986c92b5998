# Sources and headers of lib/loop, one a line, in alphabetical order.
noinst_LIBRARIES += lib/loop/libloop.a
lib_loop_libloop_a_SOURCES = \
	lib/loop/address.c \
	lib/loop/child.c \
	lib/loop/child.h \
	lib/loop/child_exec.c \
	lib/loop/child_exec.h \
	lib/loop/gate.c \
	lib/loop/gate.h \
	lib/loop/hosts.c \
	lib/loop/hosts.h \
	lib/loop/http.c \
	lib/loop/http.h \
	lib/loop/http_client.c \
	lib/loop/http_inside.h \
	lib/loop/http_url.c \
	lib/loop/http_url.h \
	lib/loop/httpd.c \
	lib/loop/httpd.h \
	lib/loop/httpd_answer.c \
	lib/loop/httpd_inside.h \
	lib/loop/httpd_listen.c \
	lib/loop/httpd_request.c \
	lib/loop/inside.h \
	lib/loop/loop.c \
	lib/loop/loop.h \
	lib/loop/op.c \
	lib/loop/op.h \
	lib/loop/resolve.c \
	lib/loop/resolve.h \
	lib/loop/resolve_answer.c \
	lib/loop/resolve_inside.h \
	lib/loop/resolver.c \
	lib/loop/timer.c \
	lib/loop/timer.h \
	lib/loop/version.c \
	lib/loop/watch.c \
	lib/loop/watch.h
