# The host program, build/exitaudit. Included by the top-level Makefile.

# package                  for
EXITAUDIT_PACKAGES := \
  g++ \
  libcli11-dev \
  libfmt-dev \
  nlohmann-json3-dev \
  libboost-dev \
  libboost-filesystem-dev \
  libarchive-dev \
  libpugixml-dev \
  libjs-chart.js
# g++: C++20; libcli11-dev: options; libfmt-dev: messages, of which fmt.cpp compiles the code; nlohmann-json3-dev: the
# log's records and --json; libboost-dev, libboost-filesystem-dev: Boost.Process and
# Asio, running QEMU under a time limit; libarchive-dev: the embedded host's overlay;
# libpugixml-dev: --junit; libjs-chart.js: the charts of report's page, of which it becomes a part.

EXITAUDIT_DIR := run/exitaudit
EXITAUDIT_OBJ := build/obj/$(EXITAUDIT_DIR)
EXITAUDIT_VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unreleased)
EXITAUDIT_SOURCES := $(patsubst $(EXITAUDIT_DIR)/%,%,$(wildcard $(EXITAUDIT_DIR)/*.cpp $(EXITAUDIT_DIR)/*/*.cpp))

# The files of a unit are compiled as one: most of the time goes into the libraries' headers and what is made
# of their templates, which they share. So a name that is local to a file must be the only one in its unit.
# A file of no unit is compiled alone.
UNITS := options lanes audit documents boot grade read
UNIT_options   := options.cpp %/options.cpp boot/boot_options.cpp
UNIT_lanes     := lane%.cpp bochs.cpp direct.cpp embedded_host.cpp guest_command.cpp kvm_module.cpp overlay.cpp \
                  places.cpp pvh_image.cpp instruments.cpp perf%.cpp tsc.cpp witness.cpp
UNIT_audit     := audit_run.cpp findings.cpp list%.cpp plan_check.cpp screen.cpp
UNIT_documents := circumstances.cpp compare%.cpp document.cpp environment.cpp junit.cpp report.cpp \
                  log/% report/%
UNIT_boot      := boot/%
UNIT_grade     := grade/%
UNIT_read      := read/%
unit_sources    = $(filter-out $(if $(filter-out options,$(1)),$(UNIT_options)), \
                  $(filter $(UNIT_$(1)),$(EXITAUDIT_SOURCES)))
EXITAUDIT_ALONE := $(filter-out $(foreach unit,$(UNITS),$(UNIT_$(unit))),$(EXITAUDIT_SOURCES))
EXITAUDIT_OBJECTS := $(addprefix $(EXITAUDIT_OBJ)/,$(UNITS:%=unit/%.o) $(EXITAUDIT_ALONE:.cpp=.o) report/shell.o)
# What the unit tests link: everything but main.
EXITAUDIT_TESTABLE := $(filter-out $(EXITAUDIT_OBJ)/main.o,$(EXITAUDIT_OBJECTS)) $(PORTABLE_OBJECTS)
EXITAUDIT_LIBS := -lpugixml -larchive -lboost_filesystem -pthread

# One file that runs wherever it is copied, inside a guest too. No part of it asks for a name service or a
# plug-in, which static linking would not bear.
build/exitaudit: $(EXITAUDIT_OBJECTS) $(PORTABLE_OBJECTS)
	$(call announce,LINK)$(CXX) -static $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(EXITAUDIT_LIBS)

$(EXITAUDIT_OBJ)/%.o: $(EXITAUDIT_DIR)/%.cpp build/obj/toolchain | packages-program
	@mkdir -p $(@D)
	$(call announce,CXX)$(CXX) $(HOST_CXXFLAGS) -MMD -MP -c -o $@ $<

define unit_rule
$(EXITAUDIT_OBJ)/unit/$(1).o: $(addprefix $(EXITAUDIT_DIR)/,$(call unit_sources,$(1))) build/obj/toolchain \
		| packages-program
	@mkdir -p $$(@D)
	$$(call announce,CXX)printf '#include "%s"\n' $$(filter %.cpp,$$^) | \
		$$(CXX) $$(HOST_CXXFLAGS) -MMD -MP -c -o $$@ -x c++ -
endef
$(foreach unit,$(UNITS),$(eval $(call unit_rule,$(unit))))

# The page of `exitaudit report`, but for its data, lies in the program.
CHART_LIBRARY := /usr/share/javascript/chart.js/chart.min.js
PAGE_PARTS := $(addprefix $(EXITAUDIT_DIR)/report/,make-shell page.html page.css elements.js charts.js boot_chart.js boots_chart.js page.js)
$(EXITAUDIT_OBJ)/report/shell.html: $(PAGE_PARTS) | packages-program
	@mkdir -p $(@D)
	$(call announce,PAGE)$(EXITAUDIT_DIR)/report/make-shell $(CHART_LIBRARY) >$@

$(EXITAUDIT_OBJ)/report/shell.o: $(EXITAUDIT_DIR)/report/shell.S $(EXITAUDIT_OBJ)/report/shell.html
	$(call announce,AS)$(CXX) -I$(@D) -c -o $@ $<

# A commit changes the version: then this small file alone is compiled anew.
$(EXITAUDIT_OBJ)/version: always
	@mkdir -p $(@D)
	@echo '$(EXITAUDIT_VERSION)' | cmp -s - $@ || echo '$(EXITAUDIT_VERSION)' >$@
$(EXITAUDIT_OBJ)/version.o: $(EXITAUDIT_OBJ)/version
$(EXITAUDIT_OBJ)/version.o: private HOST_CXXFLAGS += -DEXITAUDIT_VERSION='"$(EXITAUDIT_VERSION)"'

.PHONY: docs
docs: build/exitaudit
	build/exitaudit list --markdown >build/catalogue.md && mv build/catalogue.md docs/catalogue.md

-include $(EXITAUDIT_OBJECTS:.o=.d)
