# Sources and headers of lib/loop, one a line, in alphabetical order.
noinst_LIBRARIES += lib/loop/libloop.a
lib_loop_libloop_a_SOURCES = \
	lib/loop/child.h \
	lib/loop/gate.h \
	lib/loop/http.h \
	lib/loop/httpd.h \
	lib/loop/loop.h \
	lib/loop/op.h \
	lib/loop/resolve.h \
	lib/loop/timer.h \
	lib/loop/watch.h
