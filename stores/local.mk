# Sources and headers of stores, one a line, in alphabetical order.
noinst_LIBRARIES += stores/libstores.a
stores_libstores_a_SOURCES = \
	stores/store.h
