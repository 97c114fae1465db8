# SPDX-License-Identifier: ISC
# Load generators and what they are compared with.  Part of the Makefile, which
# includes this file; `make perf` measures, `make perf PERF_QUICK=1` tries the scripts.

PERF = gen-feed load-rtr load-http bound-server load-jansson bench-lines bench-rov bench-api bench-tree bench-fs bound-fs timed
PERF_SHARED = pdutable procstat streamhash
DEPS_PERF = librtr-dev
PERF_BIN = $(PERF:%=$(BUILD)/perf/%)

PKGS_bound-server = libevent_core
PKGS_load-rtr = openssl
PKGS_load-jansson = jansson
PKGS_bench-rov = rtrlib
PKGS_bound-fs = fuse3

$(BUILD)/perf/%: $(BUILD)/obj/t/perf/%.o $(PERF_SHARED:%=$(BUILD)/obj/t/perf/%.o) $(FS_LIB) $(LIB) $(BUILD)/harden.ld
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(LINK) @$(BUILD)/harden.ld $(filter %.o %.a,$^) $(call libs,$(PKGS_$*)) $(LIBS) -o $@

perf-programs: all $(PERF_BIN)

perf: deps
	@t/deps.sh $(DEPS_PERF)
	@$(MAKE) --no-print-directory -j$(JOBS) perf-programs build/peers/stamp
	@t/perf/run.sh

.PHONY: perf perf-programs
