# The source as one file.

DIST = $(NAME)-$(VERSION)
.PHONY: dist distcheck
dist: ## the source of the last commit as build/inetls-VERSION.tar.gz, the same bit for bit each time, and its SHA-256
	@sh tests/dist/archive $(DIST) $(BUILD)/$(DIST).tar.gz
	@cd $(BUILD) && sha256sum $(DIST).tar.gz > $(DIST).tar.gz.sha256
	@echo $(BUILD)/$(DIST).tar.gz
	@cat $(BUILD)/$(DIST).tar.gz.sha256
distcheck: dist ## that archive unpacked, built, installed, tested, and made again of itself
	@MAKE='$(MAKE)' sh tests/dist/check $(DIST) $(BUILD)/$(DIST).tar.gz
