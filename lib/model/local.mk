# Sources and headers of lib/model, one a line, in alphabetical order.
noinst_LIBRARIES += lib/model/libmodel.a
lib_model_libmodel_a_SOURCES = \
	lib/model/alert.c \
	lib/model/alert.h \
	lib/model/cert.c \
	lib/model/cert.h \
	lib/model/codec.c \
	lib/model/codec.h \
	lib/model/endpoint.c \
	lib/model/endpoint.h \
	lib/model/finding.c \
	lib/model/finding.h \
	lib/model/host.c \
	lib/model/observation.c \
	lib/model/observation.h \
	lib/model/places.h \
	lib/model/policy.c \
	lib/model/policy.h \
	lib/model/quote.c \
	lib/model/quote.h \
	lib/model/record.c \
	lib/model/record.h \
	lib/model/tags.c \
	lib/model/tags.h \
	lib/model/target.c \
	lib/model/target.h \
	lib/model/target_parse.c \
	lib/model/word.c \
	lib/model/word.h
