# The host program, build/exitaudit. Included by the top-level Makefile.

EXITAUDIT_PACKAGES := g++ libcli11-dev libfmt-dev nlohmann-json3-dev libboost-dev libboost-filesystem-dev \
  libarchive-dev zlib1g-dev libbz2-dev liblzma-dev libzstd-dev nettle-dev libpugixml-dev libjs-chart.js
# g++: C++20; libcli11-dev: options; libfmt-dev: messages, of which fmt.cpp compiles the code; nlohmann-json3-dev: the
# log's records and --json; libboost-dev, libboost-filesystem-dev: Boost.Process and
# Asio, running QEMU under a time limit; libarchive-dev: the embedded host's overlay, and with
# the next five what people hand in as archives;
# libpugixml-dev: --junit; libjs-chart.js: the charts of report's page, of which it becomes a part.

EXITAUDIT_DIR := run/exitaudit
EXITAUDIT_OBJ := build/obj/$(EXITAUDIT_DIR)
EXITAUDIT_VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unreleased)

# The files of a room are compiled as one: most of the time goes into the libraries' headers and what is made
# of their templates, which they share. So a name that is local to a file must be the only one in its room.
# A room includes only from those before it: tests/exitaudit/rooms_test.cpp. Compiled alone: what puts the rooms
# together, libfmt's code, and what changes with every commit.
EXITAUDIT_ALONE := main support/fmt support/version
EXITAUDIT_ROOMS := support log catalogue witness documents lanes audit boot submission reading points grade read report host manual
EXITAUDIT_OBJECTS := $(patsubst %,$(EXITAUDIT_OBJ)/%.o,$(EXITAUDIT_ALONE) $(EXITAUDIT_ROOMS:%=room/%) report/shell)
# What the unit tests link: everything but main.
EXITAUDIT_TESTABLE := $(filter-out $(EXITAUDIT_OBJ)/main.o,$(EXITAUDIT_OBJECTS)) $(PORTABLE_OBJECTS)
EXITAUDIT_LIBS := -lpugixml -larchive -lnettle -llzma -lzstd -lbz2 -lz -lboost_filesystem -pthread

# One static file, which runs wherever it is copied, inside a guest too. It needs no name service and no plug-in.
build/exitaudit: $(EXITAUDIT_OBJECTS) $(PORTABLE_OBJECTS)
	$(call announce,LINK)$(CXX) -static $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(EXITAUDIT_LIBS)

$(EXITAUDIT_OBJ)/%.o: $(EXITAUDIT_DIR)/%.cpp build/obj/toolchain | packages-program
	@mkdir -p $(@D)
	$(call announce,CXX)$(CXX) $(HOST_CXXFLAGS) -MMD -MP -c -o $@ $<

room_sources = $(filter-out $(EXITAUDIT_ALONE:%=$(EXITAUDIT_DIR)/%.cpp),$(wildcard $(EXITAUDIT_DIR)/$(1)/*.cpp))
.SECONDEXPANSION:
$(EXITAUDIT_ROOMS:%=$(EXITAUDIT_OBJ)/room/%.o): $(EXITAUDIT_OBJ)/room/%.o: $$(call room_sources,$$*) \
		build/obj/toolchain | packages-program
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(call room_sources,$*) >$(@:.o=.cpp)
	$(call announce,CXX)$(CXX) $(HOST_CXXFLAGS) -iquote . -MMD -MP -c -o $@ $(@:.o=.cpp)

# The page of `exitaudit report`, without its data, is part of the program.
CHART_LIBRARY := /usr/share/javascript/chart.js/chart.min.js
PAGE_PARTS := $(addprefix $(EXITAUDIT_DIR)/report/,make-shell page.html page.css elements.js charts.js histograms.js boot_chart.js boots_chart.js page.js)
$(EXITAUDIT_OBJ)/report/shell.html: $(PAGE_PARTS) | packages-program
	@mkdir -p $(@D)
	$(call announce,PAGE)$(EXITAUDIT_DIR)/report/make-shell $(CHART_LIBRARY) >$@

$(EXITAUDIT_OBJ)/report/shell.o: $(EXITAUDIT_DIR)/report/shell.S $(EXITAUDIT_OBJ)/report/shell.html
	$(call announce,AS)$(CXX) -I$(@D) -c -o $@ $<

# A commit changes the version: then only this small file is compiled.
$(EXITAUDIT_OBJ)/support/version: always
	@mkdir -p $(@D)
	@echo '$(EXITAUDIT_VERSION)' | cmp -s - $@ || echo '$(EXITAUDIT_VERSION)' >$@
$(EXITAUDIT_OBJ)/support/version.o: $(EXITAUDIT_OBJ)/support/version
$(EXITAUDIT_OBJ)/support/version.o: private HOST_CXXFLAGS += -DEXITAUDIT_VERSION='"$(EXITAUDIT_VERSION)"'

.PHONY: docs
docs: build/exitaudit
	build/exitaudit list --markdown >build/catalogue.md && mv build/catalogue.md docs/catalogue.md
	build/exitaudit list --causes --markdown >build/findings.md && mv build/findings.md docs/findings.md

-include $(EXITAUDIT_OBJECTS:.o=.d)
