# SPDX-License-Identifier: ISC
# vrptools: RPKI data from a validator to routers, as small Unix tools.
# `make help` lists the targets.

VERSION = 0.1.0

# ---- Paths

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/vrptools
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
BUILD ?= build

# ---- Toolchain: what is given in the environment or on the command line stands, ours is added apart

CC ?= cc
CFLAGS ?= -O2 -g
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

OUR_CPPFLAGS = -D_GNU_SOURCE -DVRPTOOLS_VERSION='"$(VERSION)"' -Ilib -Ifs
OUR_CFLAGS = -std=gnu17 -pthread -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
HARDEN ?= yes
HARDEN_CFLAGS = -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_CPPFLAGS = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN_LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

COMPILE = $(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS)
LINK = $(CC) $(OUR_CFLAGS) $(CFLAGS) $(LDFLAGS)

# `make V=1` shows the commands.
Q = $(if $(V),,@)
say = $(if $(V),,@echo '$(1)	$@')

# ---- Dependencies

# The packages of Debian to build with, then those to test with.  `make deps` installs what is missing.
DEPS_BUILD = gcc libc6-dev pkg-config libevent-dev libjansson-dev libcurl4-openssl-dev libssl-dev libssh-dev libcrypt-dev \
	     libfuse3-dev zlib1g-dev ca-certificates curl fuse3 xz-utils
DEPS_TEST = bats bgpdump bzip2 clang clang-tidy cppcheck diffutils fish git iproute2 jq libclang-rt-14-dev \
	    libcmocka-dev mandoc openssh-client openssl procps python3-cffi python3-dev python3-pip python3-setuptools \
	    python3-wheel sshpass zsh
DEPS = $(DEPS_BUILD) $(DEPS_TEST)

# What each program links beside libvrp and libc.
PKGS_vrp-fetch = libcurl libcrypto
PKGS_vrp-sign = libcrypto
PKGS_rtr-serve = libevent_extra libevent_core openssl libssh libcrypt zlib
PKGS_rtr-dump = openssl libssh
PKGS_vrp-validate = openssl libssh
PKGS_rtr-mon = libevent_extra libevent_core zlib libcurl libcrypto openssl libssh
PKGS_vrpfs = fuse3 libcurl openssl libssh
PKGS_test = cmocka libevent_extra libevent_core zlib libcurl jansson openssl libssh libcrypt

libs = $(if $(1),$(shell $(PKG_CONFIG) --libs $(1)))

# ---- Sources

# Layers of lib/, lowest first.  A file includes its own layer or a lower one.
L0 = err chance num stamp enc utf8 buf arena huge blob out log thread
L1 = prefix payload names
L2 = vrp_sort vrpset delta annotate merge rov aspa
L3 = line stream table merger feed feed_json feed_csv json json_escape \
     slurm slurm_read slurm_entry slurm_conflict slurm_match slurm_filter \
     anchor_tally prom jsonout deltajson export export_text export_json export_csv export_bird export_openbgpd export_rpsl export_slurm export_summary \
     diffstat diffjson validators refresh \
     route validity look html series chart ssh_authorized ssh_passwd \
     sig_key sig_statement sig_signer sig_verifier sig_file sig_json sig_input \
     rtr_pdu rtr_image rtr_snapshot rtr_journal rtr_cache rtr_session rtr_response rtr_client rtr_client_step rtr_client_pdu rtr_manager \
     lifetime monitor monitor_view monitor_args intake_status intake listen_spec access admission \
     http_target http_header
L4 = filewatch load routefile fetch feed_ask savefile secret sig_keyfile privdrop outside hook sandbox sandbox_landlock sandbox_seccomp sandbox_pledge sd \
     dial transport transport_tcp transport_tls transport_ssh transport_unix \
     transports rtr_link rtr_ask rtr_state feeder arrival mailbox tcp_keys listener rtr_report rtr_conn rtr_server \
     bind httpd httpd_conn httpd_request documents \
     serve_board serve_past serve_page serve_page_route serve_page_reply serve_http serve_metrics serve_export serve_status serve_validity serve_delta \
     tls tls_gate tls_filter ssh_identity ssh_realm ssh_peer ssh_relay ssh_gate \
     source source_stream source_file source_feed source_cache
L5 = cli cli_cache api_types api_view api_table api_client api_follow
TOOLS = vrp-fetch vrp-slurm vrp-diff vrp-merge vrp-format vrp-validate vrp-sign rtr-serve rtr-dump rtr-mon vrpfs
export L0 L1 L2 L3 L4 L5 TOOLS VERSION

LIB_SRC = $(wildcard $(patsubst %,lib/%.c,$(L0) $(L1) $(L2) $(L3) $(L4) $(L5)))
CMD_SRC = $(wildcard $(TOOLS:%=cmd/%.c))
PART_SRC = cmd/vrp-fetch-live.c cmd/vrp-validate-watch.c cmd/vrp-sign-stream.c cmd/vrp-sign-whole.c \
	   cmd/rtr-dump-once.c cmd/rtr-dump-follow.c cmd/rtr-serve-options.c cmd/rtr-serve-relay.c \
	   cmd/rtr-mon-once.c cmd/rtr-mon-live.c cmd/rtr-mon-hook.c cmd/rtr-mon-http.c cmd/rtr-mon-page.c \
	   cmd/rtr-mon-metrics.c cmd/rtr-mon-status.c cmd/rtr-mon-diff.c

# The tree of the file system, without FUSE; tests link it, too.
FS_SRC = $(wildcard $(patsubst %,fs/%.c,node anchors lines changes index edition text file view content inode tree events \
	     kcache mountpoint))
# The program around it.
VRPFS_SRC = fs/main.c fs/vrpfs.c fs/session.c fs/guard.c fs/ops.c fs/followers.c

# What the library for others is made of: the facade, and what it stands on.
API = api_types api_view api_table api_client api_follow \
      err num stamp enc buf arena huge blob out thread prefix payload names vrp_sort vrpset delta merge rov aspa line stream table load \
      rtr_pdu rtr_response rtr_client rtr_client_step rtr_client_pdu rtr_manager dial transport transport_tcp rtr_link
SONAME = libvrp.so.1

UNIT_SRC = $(wildcard t/unit/test_*.c)
TEST_SRC = $(UNIT_SRC) $(wildcard t/tools/*.c)
MODEL_SRC = $(wildcard t/model/*.c)
PRELOAD_SRC = $(wildcard t/preload/*.c)
FUZZ_SRC = $(wildcard t/fuzz/fuzz_*.c)

LIB = $(BUILD)/libvrp.a
FS_LIB = $(BUILD)/libvrpfs.a
PUBLIC_LIB = $(BUILD)/lib/$(SONAME) $(BUILD)/lib/libvrp.a
BIN = $(CMD_SRC:cmd/%.c=$(BUILD)/bin/%) $(BUILD)/bin/vrpfs
TEST_BIN = $(patsubst %.c,$(BUILD)/t/%,$(notdir $(TEST_SRC))) $(BUILD)/t/rtr-model $(PRELOAD_SRC:t/preload/%.c=$(BUILD)/t/%.so)
UNIT_BIN = $(UNIT_SRC:t/unit/%.c=$(BUILD)/t/%)
FUZZ_BIN = $(FUZZ_SRC:t/fuzz/%.c=$(BUILD)/%)
REPLAY_BIN = $(FUZZ_SRC:t/fuzz/fuzz_%.c=$(BUILD)/t/replay_%)
MAN = $(wildcard man/*.[0-9])
SHARE = $(wildcard contrib/prometheus/* contrib/grafana/*)

# ---- Rules

all: $(BIN) library

library: $(PUBLIC_LIB)

programs: $(BIN) $(TEST_BIN)

# What runs with sanitizers; the helper programs of tests do not.
sanitized: $(BIN) $(UNIT_BIN) $(REPLAY_BIN)

.SECONDARY:

# Changes whenever a flag does, so that everything is built again.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(COMPILE) | $(LINK) | $(HARDEN))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(COMPILE) | $(LINK) | $(HARDEN))' >$@

# Hardening that this compiler and linker know, as files of options for them.
$(BUILD)/harden.cc $(BUILD)/harden.ld &: $(BUILD)/flags
	@try() { echo 'int main(void) { return 0; }' | \
		$(CC) -Werror -O1 "$$@" -x c - -o $(BUILD)/probe 2>/dev/null && echo "$$@"; rm -f $(BUILD)/probe; }; \
	echo $(if $(HARDEN),'$(HARDEN_CPPFLAGS)') >$(BUILD)/harden.cc; \
	for f in $(if $(HARDEN),$(HARDEN_CFLAGS)); do try $$f; done >>$(BUILD)/harden.cc; \
	for f in $(if $(HARDEN),$(HARDEN_LDFLAGS)); do try -fPIE $$f; done >$(BUILD)/harden.ld

$(BUILD)/obj/%.o: %.c $(BUILD)/flags $(BUILD)/harden.cc
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(COMPILE) @$(BUILD)/harden.cc -MMD -MP -c $< -o $@

# Changes whenever a list of sources does, so that the archives have what is listed.
$(BUILD)/lists: FORCE
	@mkdir -p $(@D)
	@echo '$(LIB_SRC) | $(FS_SRC) | $(API)' | cmp -s - $@ || echo '$(LIB_SRC) | $(FS_SRC) | $(API)' >$@

# The assembler reads these, of which the compiler knows nothing.
$(BUILD)/obj/lib/look.o: lib/look.css lib/look.js

$(LIB): $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
$(FS_LIB): $(FS_SRC:%.c=$(BUILD)/obj/%.o)
$(LIB) $(FS_LIB): $(BUILD)/lists
	@rm -f $@
	$(call say,ar)
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# The library for others.  Its static form is one object, in which only public names are left.
$(BUILD)/pic/%.o: %.c $(BUILD)/flags $(BUILD)/harden.cc
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(COMPILE) @$(BUILD)/harden.cc -fPIC -fvisibility=hidden -ffunction-sections -MMD -MP -c $< -o $@

$(BUILD)/lib/$(SONAME): $(API:%=$(BUILD)/pic/lib/%.o) lib/libvrp.map $(BUILD)/harden.ld $(BUILD)/lists
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(LINK) $$(sed 's/-fPIE//; s/-pie//' $(BUILD)/harden.ld) -shared -Wl,--gc-sections -Wl,-soname,$(SONAME) -Wl,-z,defs \
		-Wl,--version-script=lib/libvrp.map $(filter %.o,$^) -o $@

$(BUILD)/lib/libvrp.a: $(API:%=$(BUILD)/pic/lib/%.o) $(BUILD)/lists
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,ar)
	$(Q)$(LD) -r $(filter %.o,$^) -o $(BUILD)/pic/libvrp.o && $(OBJCOPY) --localize-hidden $(BUILD)/pic/libvrp.o
	$(Q)$(AR) rcs $@ $(BUILD)/pic/libvrp.o

$(BUILD)/bin/%: $(BUILD)/obj/cmd/%.o $(LIB) $(BUILD)/harden.ld
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(LINK) @$(BUILD)/harden.ld $(filter %.o,$^) $(LIB) $(call libs,$(PKGS_$*)) $(LIBS) -o $@

$(BUILD)/bin/vrpfs: $(VRPFS_SRC:%.c=$(BUILD)/obj/%.o) $(FS_LIB) $(LIB) $(BUILD)/harden.ld
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(LINK) @$(BUILD)/harden.ld $(filter %.o,$^) $(FS_LIB) $(LIB) $(call libs,$(PKGS_vrpfs)) $(LIBS) -o $@

$(BUILD)/bin/vrp-fetch: $(BUILD)/obj/cmd/vrp-fetch-live.o
$(BUILD)/bin/vrp-validate: $(BUILD)/obj/cmd/vrp-validate-watch.o
$(BUILD)/bin/rtr-serve: $(BUILD)/obj/cmd/rtr-serve-options.o $(BUILD)/obj/cmd/rtr-serve-relay.o
$(BUILD)/bin/rtr-mon: $(patsubst %,$(BUILD)/obj/cmd/rtr-mon-%.o,once live hook http page metrics status diff)
$(BUILD)/bin/vrp-sign: $(BUILD)/obj/cmd/vrp-sign-stream.o $(BUILD)/obj/cmd/vrp-sign-whole.o
$(BUILD)/bin/rtr-dump: $(BUILD)/obj/cmd/rtr-dump-once.o $(BUILD)/obj/cmd/rtr-dump-follow.o

# Unit tests and helper programs of tests: any of them may need any library.  They are many, and gold takes half of the time.
TEST_LD = $(shell $(CC) -fuse-ld=gold -Wl,--version >/dev/null 2>&1 && echo -fuse-ld=gold)
define link_test =
@mkdir -p $(@D)
$(call say,link)
$(Q)$(LINK) @$(BUILD)/harden.ld $(TEST_LD) $(filter %.o,$^) $(FS_LIB) $(LIB) -Wl,--as-needed $(call libs,$(PKGS_test)) $(LIBS) -lm -o $@
endef
$(BUILD)/t/%: $(BUILD)/obj/t/unit/%.o $(FS_LIB) $(LIB) $(BUILD)/harden.ld
	$(link_test)
$(BUILD)/t/%: $(BUILD)/obj/t/tools/%.o $(FS_LIB) $(LIB) $(BUILD)/harden.ld
	$(link_test)
$(BUILD)/t/replay_%: $(BUILD)/obj/t/fuzz/fuzz_%.o $(BUILD)/obj/t/fuzz/replay.o $(FS_LIB) $(LIB) $(BUILD)/harden.ld
	$(link_test)

# The model of rtr-serve shares nothing with it.
$(BUILD)/t/rtr-model: $(MODEL_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/harden.ld
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(LINK) @$(BUILD)/harden.ld $(filter %.o,$^) -o $@

# What tests put into a tool, which has no back door for them.
$(BUILD)/t/%.so: t/preload/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) -O2 -fPIC -shared $< -o $@

$(BUILD)/fuzz_%: $(BUILD)/obj/t/fuzz/fuzz_%.o $(FS_LIB) $(LIB)
	$(call say,link)
	$(Q)$(LINK) -fsanitize=fuzzer $< $(FS_LIB) $(LIB) -Wl,--as-needed $(call libs,$(PKGS_test)) $(LIBS) -o $@

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/pic/*/*.d)

# ---- Tests

deps:
	@t/deps.sh $(DEPS)

demo:
	@t/deps.sh $(DEPS_BUILD)
	@$(MAKE) --no-print-directory -j$(JOBS) $(BIN)
	@t/demo.sh $(BUILD)/bin

# Each of these ends with one line, "N passed, M failed".
check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) programs asan python build/peers/stamp
	@t/check.sh

check-unit: programs
	@t/check.sh unit

check-bats: programs python build/peers/stamp
	@t/check.sh bats

check-headers check-layers check-man:
	@t/check.sh $(@:check-%=%)

build/peers/stamp: t/peers.sh
	@t/peers.sh build/peers

asan:
	@$(MAKE) --no-print-directory BUILD=build-asan HARDEN= CFLAGS='-O1 -g1 $(SANITIZE)' sanitized

fuzz-targets:
	@$(MAKE) --no-print-directory BUILD=build-fuzz HARDEN= CC=clang \
		CFLAGS='-O1 -g1 $(SANITIZE) -fsanitize=fuzzer-no-link' build-fuzz-all

build-fuzz-all: $(FUZZ_BIN)

FUZZ_TIME ?= 600
fuzz: fuzz-targets
	@t/fuzz.sh $(FUZZ_TIME) $(JOBS)

include t/perf/perf.mk

# ---- Python: the module rtrlib, as a wheel in $(BUILD)/python/dist and unpacked in $(BUILD)/python/site

PYTHON ?= /usr/bin/python3
PYTHON_SRC = $(shell find lib/python -type f ! -name '*.pyc')
PYTHON_LIB = $(BUILD)/lib/libvrp.a

$(BUILD)/python/stamp: $(PYTHON_LIB) $(PYTHON_SRC) $(wildcard lib/vrp/*.h)
	@rm -rf $(@D)
	@mkdir -p $(@D)/site
	@cp -r lib/python $(@D)/src
	$(call say,wheel)
	$(Q)cd $(@D)/src && CC='$(CC)' VRP_VERSION=$(VERSION) \
		VRP_INCLUDE=$(CURDIR)/lib VRP_ARCHIVE=$(abspath $(PYTHON_LIB)) \
		$(PYTHON) -W ignore setup.py -q bdist_wheel -d ../dist
	$(Q)$(PYTHON) -m zipfile -e $(@D)/dist/*.whl $(@D)/site
	@touch $@

python: $(BUILD)/python/stamp

# ---- Install

define PC =
prefix=$(PREFIX)
libdir=$(patsubst $(PREFIX)%,$${prefix}%,$(LIBDIR))
includedir=$(patsubst $(PREFIX)%,$${prefix}%,$(INCLUDEDIR))

Name: libvrp
Description: RPKI data for routers: RTR client, origin and path validation
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -lvrp
Libs.private: -pthread
endef
export PC

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 755 $(BIN) $(DESTDIR)$(BINDIR)
	install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(INCLUDEDIR)/vrp $(DESTDIR)$(PKGCONFIGDIR)
	install -m 755 $(BUILD)/lib/$(SONAME) $(DESTDIR)$(LIBDIR)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libvrp.so
	install -m 644 $(BUILD)/lib/libvrp.a $(DESTDIR)$(LIBDIR)
	install -m 644 lib/vrp/*.h $(DESTDIR)$(INCLUDEDIR)/vrp
	printf '%s\n' "$$PC" >$(DESTDIR)$(PKGCONFIGDIR)/vrp.pc
	for page in $(MAN); do install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	for file in $(SHARE:contrib/%=%); do install -D -m 644 contrib/$$file $(DESTDIR)$(DATADIR)/$$file; done
	install -m 644 completions/vrptools.bash $(DESTDIR)$(BASHDIR)/vrptools
	install -m 644 completions/_vrptools $(DESTDIR)$(ZSHDIR)/_vrptools
	install -m 644 completions/vrptools.fish $(DESTDIR)$(FISHDIR)/vrptools.fish
	for tool in $(TOOLS); do \
		ln -sf vrptools $(DESTDIR)$(BASHDIR)/$$tool && ln -sf vrptools.fish $(DESTDIR)$(FISHDIR)/$$tool.fish; done

uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(BINDIR)/%) $(TOOLS:%=$(DESTDIR)$(BASHDIR)/%) $(DESTDIR)$(BASHDIR)/vrptools
	rm -f $(TOOLS:%=$(DESTDIR)$(FISHDIR)/%.fish) $(DESTDIR)$(FISHDIR)/vrptools.fish $(DESTDIR)$(ZSHDIR)/_vrptools
	rm -f $(SONAME:%=$(DESTDIR)$(LIBDIR)/%) $(DESTDIR)$(LIBDIR)/libvrp.so $(DESTDIR)$(LIBDIR)/libvrp.a
	rm -f $(DESTDIR)$(PKGCONFIGDIR)/vrp.pc $(SHARE:contrib/%=$(DESTDIR)$(DATADIR)/%)
	rmdir $(DESTDIR)$(DATADIR)/prometheus $(DESTDIR)$(DATADIR)/grafana $(DESTDIR)$(DATADIR) 2>/dev/null || :
	rm -f $(patsubst lib/%,$(DESTDIR)$(INCLUDEDIR)/%,$(wildcard lib/vrp/*.h))
	rmdir $(DESTDIR)$(INCLUDEDIR)/vrp 2>/dev/null || :
	for page in $(MAN); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done

# The unpacked peers stay: they are not built from anything here.
clean:
	rm -rf build-* $(filter-out build/peers,$(wildcard build/*))
	rm -f compile_commands.json

# ---- For developers

# NULL is a pointer in POSIX, and may end a list of arguments.
lint: compile_commands.json
	$(MAKE) -j$(JOBS) BUILD=build-lint/gcc CC=gcc CFLAGS='-O2 -Werror' programs
	$(MAKE) -j$(JOBS) BUILD=build-lint/clang CC=clang CFLAGS='-O2 -Werror' programs
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=varFuncNullUB \
		--include=$(firstword $(wildcard /usr/include/*/sys/queue.h /usr/include/sys/queue.h)) \
		-j $(JOBS) -D_GNU_SOURCE -Ilib -Ifs $(LIB_SRC) $(CMD_SRC) $(PART_SRC) $(FS_SRC) $(VRPFS_SRC)
	printf '%s\n' $(LIB_SRC) $(CMD_SRC) $(PART_SRC) $(FS_SRC) $(VRPFS_SRC) | xargs -P $(JOBS) -n 4 clang-tidy --quiet -p . 2>/dev/null

compile_commands.json: Makefile FORCE
	@{ sep='['; for f in $(LIB_SRC) $(CMD_SRC) $(PART_SRC) $(FS_SRC) $(VRPFS_SRC) $(TEST_SRC) $(MODEL_SRC) $(wildcard t/perf/*.c) $(FUZZ_SRC); do \
		printf '%s\n{"directory": "%s", "file": "%s", "command": "%s"}' "$$sep" '$(CURDIR)' "$$f" \
			'$(subst ",\",$(subst ','\'',$(COMPILE))) -c '"$$f"; sep=,; done; echo; echo ']'; } >$@

help:
	@echo 'all (default)       the tools, in build/bin, and libvrp for others, in build/lib'
	@echo 'install uninstall   PREFIX (/usr/local) and DESTDIR are honoured'
	@echo 'clean               removes what was built'
	@echo 'deps                installs the Debian packages that are missing to build and test'
	@echo 'demo                serves the bundled snapshot on 127.0.0.1:8282 and shows it'
	@echo 'check               deps, build, all tests; ends with "N passed, M failed"'
	@echo 'check-unit check-bats check-man check-headers check-layers   parts of it'
	@echo 'python              the Python module rtrlib: a wheel in build/python/dist, unpacked in build/python/site'
	@echo 'asan                tools, unit tests and the replay of fuzz corpora with sanitizers, in build-asan'
	@echo 'fuzz                runs every fuzz target for FUZZ_TIME (600) seconds'
	@echo 'lint                gcc and clang with -Werror, cppcheck, clang-tidy'
	@echo 'perf                the figures of the README'
	@echo 'compile_commands.json   for editors and clang-tidy'

FORCE:

.PHONY: FORCE all library programs sanitized python deps demo check check-unit check-bats check-headers check-layers check-man \
	asan fuzz-targets build-fuzz-all fuzz perf install uninstall clean lint help
