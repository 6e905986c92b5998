# Sources and headers of lib/model, one a line, in alphabetical order.
noinst_LIBRARIES += lib/model/libmodel.a
lib_model_libmodel_a_SOURCES = \
	lib/model/cert.h
