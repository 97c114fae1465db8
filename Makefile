# vrptools: RPKI data from a validator to routers, as small Unix tools.
# `make help` lists the targets.

VERSION = 0.1.0

PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build

CC ?= cc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config

# Layers of lib/, lowest first.  A file includes its own layer or a lower one.
L0 = err num stamp enc buf arena blob out log
L1 = prefix payload names
L2 = vrpset delta
L3 = line stream table feed feed_json feed_csv json rtr_pdu rtr_cache rtr_session rtr_client intake
L4 = fetch savefile transport rtr_server
L5 = cli
TOOLS = vrp-fetch rtr-serve rtr-dump

OUR_CPPFLAGS = -D_GNU_SOURCE -DVRPTOOLS_VERSION='"$(VERSION)"' -Ilib
OUR_CFLAGS = -std=gnu17 -pthread -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes

LIB_SRC = $(wildcard $(patsubst %,lib/%.c,$(L0) $(L1) $(L2) $(L3) $(L4) $(L5)))
LIB_OBJ = $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
LIB = $(BUILD)/libvrp.a

LIBS_vrp-fetch = -lcurl
LIBS_rtr-serve = -levent_core

all: $(patsubst cmd/%.c,$(BUILD)/bin/%,$(wildcard $(TOOLS:%=cmd/%.c)))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/obj/cmd/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OUR_CFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(LIBS_$*) $(LIBS) -o $@

clean:
	rm -rf build build-*

.PHONY: all clean
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
