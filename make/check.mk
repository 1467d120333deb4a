# What reads the source, and the tests.

# -- what tools say that read the source -----------------------------------------
.PHONY: lint
lint: ## what clang-format, clang-tidy, cppcheck, shellcheck, mandoc and codespell say
	@tests/deps lint
	@$(MAKE) -s $(BUILD)/gen/filter.h
	@BUILD=$(call quote,$(BUILD)) tests/lint

# -- tests ------------------------------------------------------------------------------------
.PHONY: check check-long check-builds check-root coverage
check: ## every test but the slow ones; installs what they need where it may
check-long: ## and those that are slow or large
check check-long:
	@BUILD='$(BUILD)' MAKE='$(MAKE)' tests/run $@
check-builds: ## the same with sanitizers, LINK=shared, LINK=static; valgrind; both compilers
	@MAKE='$(MAKE)' tests/builds
check-root: ## make demo and make check in a Debian with git and make alone: SUITE=trixie; KEEP=1 or ROOT=DIR: it stays
	@tests/check-root
coverage: ## which lines the tests run, file by file: 90 % of each, or a reason
	@MAKE='$(MAKE)' tests/coverage
