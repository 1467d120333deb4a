# bench: nothing of others is built; what is not installed is left out.  demo: the README's second command.

.PHONY: bench
bench: all ## against what else there is: tables and plots in build/bench; a quarter of an hour
	@tests/deps bench
	@$(MAKE) -s LINK=shared BUILD=build-shared all
	@BUILD=$(call quote,$(BUILD)) bench/compare $(BENCH_OPTIONS)

.PHONY: demo
demo: ## psql through TLS to a throw-away PostgreSQL, started by inetd; takes everything down again
	@BUILD=$(call quote,$(BUILD)) sh tests/demo
