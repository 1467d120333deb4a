# The source as one file.

DIST = $(NAME)-$(VERSION)
.PHONY: dist distcheck
dist: ## the source of the last commit as build/inetls-VERSION.tar.gz, the same bit for bit each time
	@sh tests/dist/archive $(DIST) $(BUILD)/$(DIST).tar.gz
	@echo $(BUILD)/$(DIST).tar.gz
distcheck: dist ## that archive unpacked, built, installed, tested, and made again of itself
	@MAKE='$(MAKE)' sh tests/dist/check $(DIST) $(BUILD)/$(DIST).tar.gz
