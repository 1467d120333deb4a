# Unit tests and fuzzers.

# -- unit tests: each links the archives, so a fake in the test shadows the real module --------
UNIT_SRC = $(wildcard tests/unit/*/*.c)
UNIT_TESTS = $(addprefix $(BUILD)/unit/,$(subst /,_,$(patsubst tests/unit/%.c,%,$(UNIT_SRC))))
$(BUILD)/libwrap.a: $(call obj,$(filter-out wrap/main.c,$(WRAP_SRC)) $(COMMON_SRC) $(sort $(wildcard common/shared/*.c)))
$(BUILD)/libcertgen.a: $(call obj,$(filter-out certgen/main.c,$(CERTGEN_SRC)) $(COMMON_SRC) $(sort $(wildcard common/shared/*.c)))
$(BUILD)/libwrap.a $(BUILD)/libcertgen.a:
	rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/unit/wrap_%: $(BUILD)/tests/unit/wrap/%.o $(BUILD)/libwrap.a
	$(link_unit)
$(BUILD)/unit/common_%: $(BUILD)/tests/unit/common/%.o $(BUILD)/libwrap.a
	$(link_unit)
$(BUILD)/unit/certgen_%: $(BUILD)/tests/unit/certgen/%.o $(BUILD)/libcertgen.a
	$(link_unit)
define link_unit
	@mkdir -p $(@D)
	$(CC) $(HARDEN) $(CFLAGS) -pie $(HARDEN_LD) $(LDFLAGS) -o $@ $^ -lcmocka \
		$(shell $(PKG_CONFIG) --libs gnutls hogweed nettle) -lgmp $(LDLIBS)
endef
$(UNIT_TESTS): $(call obj,$(BUILT_IN))
.PHONY: unit
unit: $(UNIT_TESTS)

# Everything compiled and nothing linked: what a compiler has to say, in half the time.
.PHONY: objects
objects: $(call obj,$(WRAP_SRC) $(CERTGEN_SRC) $(COMMON_SRC) $(LINK_SRC) $(WRAP_LINK_SRC) $(UNIT_SRC) \
	$(wildcard tests/fuzz/*.c) wrap/confine/filter/mkfilter.c tests/lib/reports.c tests/lib/coverage.c)
-include $(patsubst %.o,%.d,$(call obj,$(UNIT_SRC)))

# -- fuzzers: libFuzzer on each parser of peer bytes; what they find stays in build/fuzz --------------------
FUZZ_SECONDS = 60
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_CC = clang $(filter-out $(FORTIFY),$(ALL_CPPFLAGS)) -I$(BUILD)/gen -std=c11 -Wall -Wextra -g -O1 \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
.PHONY: fuzz $(addprefix fuzz-,$(FUZZERS))
fuzz: $(addprefix fuzz-,$(FUZZERS)) ## each fuzzer for FUZZ_SECONDS, with ASan and UBSan
$(BUILD)/fuzz/pgsql_%: tests/fuzz/pgsql_%.c wrap/protocol/pgsql.c wrap/protocol/clear.c wrap/protocol/pgsql_names.c $(BUILD)/libwrap.a
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $^
LINE_SRC = $(wildcard wrap/protocol/line*.c) wrap/protocol/clear.c
$(BUILD)/fuzz/line: tests/fuzz/line.c $(LINE_SRC)
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $^
$(BUILD)/fuzz/clear: tests/fuzz/clear.c $(wildcard wrap/protocol/*.c) wrap/base/address.c $(BUILD)/libwrap.a
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $^ $(fuzz_libs)
$(BUILD)/fuzz/files: tests/fuzz/files.c wrap/tls/known_hosts.c wrap/tls/ticket.c wrap/tls/chain.c $(BUILD)/libwrap.a
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $^ $(fuzz_libs)
$(BUILD)/fuzz/peerkey: tests/fuzz/peerkey.c wrap/tls/peerkey.c wrap/key/der.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $^
# keyholder and session have what they are about included, and fakes for what would confine the fuzzer itself.  Their processes live
# for one connection and free nothing at its end.
fuzz_libs = $(shell $(PKG_CONFIG) --libs gnutls hogweed nettle) -lgmp
$(BUILD)/fuzz/keyholder: tests/fuzz/keyholder.c wrap/key/keyholder_serve.c wrap/key/signer.c wrap/key/signable.c wrap/key/p256.c wrap/key/der.c wrap/base/descriptor.c wrap/base/descriptor_linux.c $(wildcard common/*.[ch])
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $< wrap/key/signer.c wrap/key/signer_token.c wrap/key/token_watch.c wrap/key/signable.c wrap/key/p256.c wrap/key/der.c wrap/base/descriptor.c wrap/base/descriptor_linux.c $(COMMON_SRC) common/static/token.c $(fuzz_libs)
$(BUILD)/fuzz/pemfile: tests/fuzz/pemfile.c $(wildcard common/*.[ch])
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $< $(COMMON_SRC) $(fuzz_libs)
$(BUILD)/fuzz/session: tests/fuzz/session.c $(WRAP_SRC) $(wildcard wrap/*.h wrap/*/*.h common/*.[ch]) $(linked)
	@mkdir -p $(@D)
	$(FUZZ_CC) -o $@ $< $(filter-out wrap/main.c wrap/session/session.c wrap/confine/confine.c wrap/confine/confine_linux.c,$(WRAP_SRC)) \
		$(COMMON_SRC) common/static/token.c $(fuzz_libs)
$(addprefix fuzz-,$(FUZZERS)): fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $(BUILD)/fuzz/corpus/$*
	ASAN_OPTIONS=detect_leaks=$(if $(filter session keyholder,$*),0,1) \
		$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=20000 -print_final_stats=1 \
		-artifact_prefix=$<- $(BUILD)/fuzz/corpus/$* tests/fuzz/corpus/$*
