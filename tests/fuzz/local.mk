# Fuzz targets. One is four lines, and a small corpus in tests/fuzz/corpus/NAME (EXTRA_DIST):
#	FUZZERS += tests/fuzz/fuzz_x
#	tests_fuzz_fuzz_x_SOURCES = tests/fuzz/fuzz_x.c $(FUZZ_MAIN)
#	tests_fuzz_fuzz_x_LDFLAGS = $(FUZZ_LINK)
#	tests_fuzz_fuzz_x_LDADD = $(LIBS_BASE)
# A normal build links each with a main of our own, and `make check` feeds it its corpus once;
# `make check-fuzz` builds them with libFuzzer and lets them run.
FUZZ_LINK = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
if FUZZ
FUZZ_MAIN =
else
FUZZ_MAIN = tests/fuzz/replay.c
endif
check_PROGRAMS += $(FUZZERS)
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/replay.sh

FUZZERS += tests/fuzz/fuzz_json
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(FUZZ_MAIN)
tests_fuzz_fuzz_json_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_LDADD = $(LIBS_MODEL)
EXTRA_DIST += \
	tests/fuzz/corpus/json/alert.json \
	tests/fuzz/corpus/json/endpoint.json \
	tests/fuzz/corpus/json/record.json \
	tests/fuzz/corpus/json/target-file \
	tests/fuzz/corpus/json/target-host

FUZZERS += tests/fuzz/fuzz_cert
tests_fuzz_fuzz_cert_SOURCES = tests/fuzz/fuzz_cert.c $(FUZZ_MAIN)
tests_fuzz_fuzz_cert_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_cert_LDADD = $(LIBS_TLS)
EXTRA_DIST += \
	tests/fuzz/corpus/cert/badtime.der \
	tests/fuzz/corpus/cert/cross.pem \
	tests/fuzz/corpus/cert/cut.pem \
	tests/fuzz/corpus/cert/ed25519.der \
	tests/fuzz/corpus/cert/empty.msg \
	tests/fuzz/corpus/cert/full.der \
	tests/fuzz/corpus/cert/mixed.pem \
	tests/fuzz/corpus/cert/nc.pem \
	tests/fuzz/corpus/cert/negative.der \
	tests/fuzz/corpus/cert/odd-nul.der \
	tests/fuzz/corpus/cert/root.der \
	tests/fuzz/corpus/cert/self.pem \
	tests/fuzz/corpus/cert/v1.der

FUZZERS += tests/fuzz/fuzz_frame
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(FUZZ_MAIN)
tests_fuzz_fuzz_frame_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_frame_LDADD = $(LIBS_WIRE)
EXTRA_DIST += \
	tests/fuzz/corpus/frame/cancel \
	tests/fuzz/corpus/frame/done \
	tests/fuzz/corpus/frame/look \
	tests/fuzz/corpus/frame/member \
	tests/fuzz/corpus/frame/read \
	tests/fuzz/corpus/frame/ready \
	tests/fuzz/corpus/frame/result \
	tests/fuzz/corpus/frame/same-done \
	tests/fuzz/corpus/frame/setup

FUZZERS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(FUZZ_MAIN)
tests_fuzz_fuzz_config_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_config_LDADD = $(LIBS_CONFIG)
EXTRA_DIST += \
	tests/fuzz/corpus/config/faults.yaml \
	tests/fuzz/corpus/config/full.yaml \
	tests/fuzz/corpus/config/small.yaml
