# LUA selects the Lua. Each Lua has its own directory below build/, so builds for several coexist.
MAKEFLAGS  += --no-print-directory
LUA        ?= lua5.4
PKG_CONFIG ?= pkg-config
LUA_CFLAGS ?= $(if $(LUA_INCDIR),-I$(LUA_INCDIR),$(shell $(PKG_CONFIG) --cflags $(LUA)))
LUA_API    := $(if $(filter luajit%,$(LUA)),5.1,$(LUA:lua%=%))
PREFIX     ?= /usr/local
LUA_CMOD   ?= $(PREFIX)/lib/lua/$(LUA_API)
LUA_LMOD   ?= $(PREFIX)/share/lua/$(LUA_API)
LUA_TYPES  ?= $(PREFIX)/share/lua/types

B       ?= build/$(LUA)$(SAN)
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
STD     := -std=c11 -D_GNU_SOURCE
CFLAGS  ?= -O2 -g
CORE    := $(sort $(wildcard csrc/core/*.c))
GLUE    := $(sort $(wildcard csrc/lua/*.c))
CURL    := $(sort $(wildcard csrc/curl/*.c))
PROBE   := $(sort $(wildcard spec/support/probe/*.c))
SOURCES := $(CORE) $(GLUE) $(CURL) $(PROBE)
OBJ      = $(SOURCES:%.c=$B/%.o)

# Hardening: what the compiler accepts of these flags, tested once in a make that compiles. CPPFLAGS, CFLAGS and LDFLAGS
# follow and win. FORTIFY needs optimisation; compilers that define it already reject it here, and sanitizers replace it.
# The prefix map keeps the directory out of the debug information, so that builds are reproducible. Symbols are bound when a
# module is loaded, so calls of Lua need no stub (-fno-plt).
LEVEL    = $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
FORTIFY  = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS)$(CFLAGS))$(findstring -fsanitize,$(CFLAGS)),,$(LEVEL:%=-D_FORTIFY_SOURCE=2))
HARDEN   = $(eval HARDEN := $(shell for flag in $(FORTIFY) -fstack-protector-strong -fstack-clash-protection -fcf-protection \
  -mbranch-protection=standard -fno-plt '-fdebug-prefix-map=$(CURDIR)=.'; do \
    $(CC) $(filter -m%,$(CFLAGS)) $(LEVEL) -Werror $$flag -S -o /dev/null -x c /dev/null 2>/dev/null && echo "$$flag"; done))$(HARDEN)

# The modules are not linked with liblua, because the host program provides its symbols.
LINK     = @mkdir -p $(@D); $(CC) -shared -Wl,--as-needed,-z,relro,-z,now,-z,noexecstack $(LDFLAGS) -o $@ $^

all: $B/dynamodb/core.so $B/dynamodb/curl.so

$B/dynamodb/core.so: $(patsubst %.c,$B/%.o,$(CORE) $(GLUE))
	$(LINK) -lcrypto -lz -lm

$B/dynamodb/curl.so: $(patsubst %.c,$B/%.o,$(CURL) csrc/lua/object.c)
	$(LINK) -lcurl -pthread

$B/probe.so: $(patsubst %.c,$B/%.o,$(CORE) $(PROBE))
	$(LINK) -lcrypto -lz -lm

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) -fPIC -fvisibility=hidden -MMD -MP $(WARN) $(HARDEN) $(LUA_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

-include $(OBJ:.o=.d)

# Runs the tutorial with a local server. Like `test`, it first installs missing packages.
demo:
	@tools/setup.sh demo
	@$(MAKE) -s all
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$B/?.so;;' spec/support/emulator.sh $(LUA) examples/tutorial.lua

# Runs a local server until it is interrupted, and prints how to use it.
PORT ?= 8000

server:
	@env -u AWS_ENDPOINT_URL_DYNAMODB tools/setup.sh demo
	@$(MAKE) -s all
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$B/?.so;;' $(LUA) tools/server.lua $(PORT)

# Runs the specs. SPEC holds the arguments of busted: make spec LUA=luajit SPEC='spec/core --filter=crc'
LUAS ?= lua5.4 luajit
SPEC ?= spec examples
export SPEC SAN

# Of random inputs it tries 30 %; test-built, a part of make check, tries all.
test:
	@echo "== test: the specs on $(LUAS)"
	@tools/setup.sh test
	@SPEC_SAMPLES=$${SPEC_SAMPLES:-30} $(MAKE) -s specs

# Runs the specs that use a server on each engine: doc/engines.md.
test-engines:
	@echo "== test-engines: the specs that use a server, on each engine and on $(LUAS)"
	@tools/setup.sh engines
	@$(MAKE) -s spec-modules
	@tools/engines.sh $(LUAS)

spec:
	@$(MAKE) -s specs LUAS=$(LUA)

# Specs start nginx, which runs on LuaJIT, and HAProxy, which has its own Lua. Both load builds without sanitizers and
# coverage, whichever Lua runs the specs.
HAPROXY_LUA = $(shell PATH=$$PATH:/usr/sbin haproxy -vv 2>&1 | sed -nE 's/.*Lua version : Lua (5\.[0-9]).*/lua\1/p')

specs: spec-modules
	@RUN='$(RUN)' tools/specs.sh $(LUAS)

spec-modules: $(LUAS:%=modules-%)
	@$(MAKE) -s plain-luajit
	@$(MAKE) -s plain-haproxy LUA=$(HAPROXY_LUA)

plain-luajit:
	@$(MAKE) LUA=luajit SAN= CC=cc CFLAGS='-O2 -g' LDFLAGS= all

plain-lua5.4:
	@$(MAKE) LUA=lua5.4 SAN= CC=cc CFLAGS='-O2 -g' LDFLAGS= all

plain-haproxy:
	@$(MAKE) SAN= CC=cc CFLAGS='-O2 -g' LDFLAGS= build/$(LUA)/dynamodb/core.so

modules-%:
	@$(MAKE) LUA=$* modules

modules: all $B/probe.so
	@:

# Writers in several processes, under injected faults, keep ledgers that are compared with the tables: spec/soak/README.md
# SECONDS is how long they write; SEED repeats the faults of an earlier run. The server is always one of its own.
SECONDS ?= 60
SEED    ?=

soak:
	@echo "== soak: ledgers of writers under faults, for $(SECONDS) s"
	@env -u AWS_ENDPOINT_URL_DYNAMODB tools/setup.sh test
	@$(MAKE) -s plain-luajit
	@$(MAKE) -s plain-lua5.4
	@timeout -k 10 $$(($(SECONDS) + 150)) env -u AWS_ENDPOINT_URL_DYNAMODB spec/support/emulator.sh spec/soak/run.sh $(SECONDS) $(SEED)

# Every check is a target of its own. The longest begin first. Three run at a time on two cores, since specs mostly wait; the
# builds that they share are made first. Each ends with a line that tells its time: == NAME: SECONDS s, of which SECONDS of CPU.
# What clang's analyzer finds is in `tidy`; all specs of Lua 5.4 are in `asan`, and most of them in `coverage`.
CHECKS := fuzz-check coverage asan torture valgrind test-built allocations soak tidy warnings rock reproducible faults luacheck \
  cppcheck format bench-instructions

check:
	@tools/setup.sh check
	@$(MAKE) -s spec-modules
	@$(MAKE) -s $(LUAS:%=modules-%) $(ASAN_BUILD)
	@$(MAKE) -j3 --output-sync=target $(CHECKS:%=timed-%) SECONDS=45

timed-%: SHELL := bash
timed-%:
	@TIMEFORMAT='== $*: %0R s, of which %0U + %0S s of CPU'; time $(MAKE) $*

# The specs with the modules as they are installed: all on LuaJIT; on Lua 5.4 those whose random
# inputs the slow checks leave out in part (SPEC_SAMPLES), and those of the public module.
BUILT_SPECS := spec/core spec/glue spec/values spec/transport spec/table \
  spec/scenarios/properties_spec.lua spec/scenarios/endurance_spec.lua spec/init_spec.lua

test-built:
	@echo "== test-built: the specs on LuaJIT, and a part of them on Lua 5.4"
	@$(MAKE) -s spec LUA=luajit
	@$(MAKE) -s spec LUA=lua5.4 SPEC='$(BUILT_SPECS)'

warnings:
	@echo "== warnings: gcc, gcc -fanalyzer and clang"
	@$(MAKE) -s $(LUAS:%=modules-%) SAN=-gcc CC=gcc CFLAGS='-O2 -Werror -fanalyzer'
	@$(MAKE) -s $(LUAS:%=modules-%) SAN=-clang CC=clang CFLAGS='-O2 -Werror'

format:
	@echo "== format: clang-format of the C files"
	@clang-format --dry-run -Werror $(SOURCES) $(FUZZ) $(wildcard csrc/*/*.h spec/support/probe/*.h spec/fuzz/*.h)

luacheck:
	@echo "== luacheck: the Lua files"
	@luacheck --quiet --no-color $(wildcard lua spec examples bench tools types)

tidy:
	@echo "== tidy: clang-tidy of the C files"
	@printf '%s\n' $(SOURCES) $(FUZZ) | xargs -P 4 -I{} clang-tidy --quiet {} -- $(STD) $(LUA_CFLAGS) 2>&1 | \
	  (! grep -vE '^[0-9]* *(warnings? generated\.)?$$') # counts of suppressed warnings; parallel output may mix lines

# Uninitialised variables are left to clang-tidy and valgrind, because cppcheck does not track initialisation in loops and calls.
cppcheck:
	@echo "== cppcheck: the C files"
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  --suppress=uninitvar --suppress=ctuuninitvar --suppress=normalCheckLevelMaxBranches $(SOURCES) $(FUZZ)

reproducible:
	@echo "== reproducible: two builds give the same bytes"
	@tools/reproducible.sh lua5.4

rock:
	@echo "== rock: luarocks builds, packs and installs a release"
	@tools/rock.sh $(LUAS)

.PHONY: deb packages release

# Builds the Debian package of HEAD into build/deb. packages also installs and uses it in a fresh system, and carries out the
# Dockerfile of doc/nginx.md there.
deb:
	@tools/setup.sh deb
	@tools/deb.sh

packages:
	@echo "== packages: the Debian package and the Dockerfile, in a fresh system"
	@tools/setup.sh deb
	@tools/packages.sh

# Makes the tag and the rockspec of a release, and prints what publishes them: CONTRIBUTING.md
release:
	@tools/release.sh rockspec $(URL)

# Writes the rockspec of a release: the source is tag vVERSION of the repository at URL, by default the one that this clone came from.
rockspec:
	@tools/rockspec.sh rockspec $(URL)

# Specs of what differs by the Lua in C. The slow checks run these on LuaJIT, and all specs on Lua 5.4. spec/core needs one Lua.
C_SPECS := spec/glue spec/values spec/table spec/http spec/loop spec/transport

# Specs that run the library. The others read the files of the project; `test` and `test-built` run them.
RUN_SPECS := $(filter-out $(addprefix spec/scenarios/,architecture_spec.lua lua55_spec.lua specs_script_spec.lua),\
  $(wildcard spec/*_spec.lua spec/*/*_spec.lua))

# nodelete: if a module were unloaded at exit, leak reports would lose its symbols and LeakSanitizer its globals.
# Programs that Lua starts inherit LD_PRELOAD; mktemp does not free its memory at exit.
ASAN_BUILD := SAN=-asan CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' \
  LDFLAGS='-fsanitize=address,undefined -Wl,-z,nodelete'
ASAN_ENV    = ASAN_OPTIONS=allocator_may_return_null=1:verify_asan_link_order=0 \
  LSAN_OPTIONS=suppressions=$(CURDIR)/build/lsan.supp:print_suppressions=0
ASAN_LIB    = $(shell $(CC) -print-file-name=libasan.so)

asan:
	@echo "== asan: the specs with AddressSanitizer, UBSan and LeakSanitizer"
	@SPEC_SAMPLES=25 $(MAKE) -s asan-lua5.4 SPEC='$(RUN_SPECS)'
	@SPEC_SAMPLES=25 $(MAKE) -s asan-luajit SPEC='$(C_SPECS)'

asan-%: build/lsan.supp
	@$(MAKE) -s spec LUA=$* $(ASAN_BUILD) RUN='env $(ASAN_ENV) LD_PRELOAD=$(ASAN_LIB)'

build/lsan.supp:
	@mkdir -p build && echo leak:/mktemp >$@

valgrind:
	@echo "== valgrind: the specs of the C core and its Lua binding"
	@SPEC_SAMPLES=10 $(MAKE) -s spec LUA=lua5.4 SPEC='$(wildcard spec/core spec/glue)' \
	  RUN='valgrind -q --error-exitcode=9 --keep-debuginfo=yes --leak-check=full --errors-for-leak-kinds=definite'

# Seconds for the failures of one kind in one script, about; where they do not suffice, the output tells the step.
TORTURE_SECONDS ?= 15

torture: $(LUAS:%=torture-%)

torture-%:
	@echo "== torture: allocation failures on $*"
	@mkdir -p build/torture
	@$(CC) $(STD) -O1 -g -fsanitize=address,undefined $(shell $(PKG_CONFIG) --cflags $*) \
	  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o build/torture/$* tools/torture.c $(CORE) $(GLUE) $(CURL) \
	  $(shell $(PKG_CONFIG) --libs $*) -lcrypto -lz -lm -lcurl -pthread
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' build/torture/$* $(TORTURE_SECONDS) tools/torture.lua \
	  tools/torture_tasks.lua tools/torture_methods.lua

# Lets system calls fail, with AddressSanitizer and LeakSanitizer. AWS_CONFIG_FILE names the folder for the files of credentials.
# Programs whose calls fail complain into a file.
faults: $(LUAS:%=faults-%)

faults-%: build/lsan.supp
	@echo "== faults: failures of system calls on $*"
	@$(MAKE) -s modules LUA=$* $(ASAN_BUILD)
	@mkdir -p build/faults/$*
	@$(CC) $(STD) -O1 -g -fPIC -shared $(shell $(PKG_CONFIG) --cflags $*) -o build/faults/$*/faults.so tools/faults.c -ldl
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/$*-asan/?.so;build/faults/$*/?.so;;' \
	  AWS_CONFIG_FILE=$(CURDIR)/build/faults/$*/config \
	  AWS_SHARED_CREDENTIALS_FILE=$(CURDIR)/build/faults/$*/credentials spec/support/emulator.sh spec/support/tls_endpoints.sh \
	  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY $(ASAN_ENV) \
	  LD_PRELOAD="$(CURDIR)/build/faults/$*/faults.so $(ASAN_LIB)" $* \
	  tools/faults.lua 2>build/faults/$*/errors || { cat build/faults/$*/errors; false; }

# Lets allocations of libcurl and OpenSSL fail while a connection over HTTPS is opened and used.
ALLOCATION_SECONDS ?= 40

allocations:
	@echo "== allocations: failures of allocations in libcurl and OpenSSL, on lua5.4"
	@$(MAKE) -s modules LUA=lua5.4
	@mkdir -p build/faults/lua5.4
	@$(CC) $(STD) -O1 -g -fPIC -shared $(WARN) -Wno-pedantic $(shell $(PKG_CONFIG) --cflags lua5.4) \
	  -o build/faults/lua5.4/allocations.so tools/allocations.c -ldl
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/lua5.4/?.so;build/faults/lua5.4/?.so;;' spec/support/emulator.sh \
	  spec/support/tls_endpoints.sh env LD_PRELOAD=$(CURDIR)/build/faults/lua5.4/allocations.so \
	  lua5.4 tools/allocations.lua $(ALLOCATION_SECONDS)

# Fuzzing by libFuzzer: doc/fuzzing.md. A target is core/NAME or LUA/NAME: make fuzz TARGET=luajit/config SECONDS=600
FUZZ_CORE  := $(wildcard spec/fuzz/core/*.c)
FUZZ_LUA   := $(patsubst spec/fuzz/lua/%.lua,%,$(wildcard spec/fuzz/lua/*.lua))
FUZZ       := $(wildcard spec/fuzz/*.c) $(FUZZ_CORE)
FUZZ_FLAGS := -O1 -g -Werror -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined,float-cast-overflow -fno-sanitize-recover=all
TARGET     ?= $(FUZZ_CORE:spec/fuzz/%.c=%) $(foreach lua,$(LUAS),$(FUZZ_LUA:%=$(lua)/%))
CHECK_SECONDS ?= 20

-include $(FUZZ:%.c=$B/%.d)

fuzz: fuzz-programs
	@tools/fuzz.sh $(SECONDS) 1 build/fuzz/corpus $(TARGET)

# Begins with the seeds, so that a run does not depend on earlier ones.
fuzz-check: fuzz-programs
	@echo "== fuzz-check: $(CHECK_SECONDS) seconds of each fuzz target"
	@tools/fuzz.sh $(CHECK_SECONDS) 2 "" $(TARGET)

fuzz-programs:
	@$(MAKE) -s LUA=lua5.4 SAN=-fuzz CC=clang CFLAGS='$(FUZZ_FLAGS)' $(FUZZ_CORE:spec/fuzz/core/%.c=build/fuzz/core/%)
	@for lua in $(LUAS); do $(MAKE) -s LUA=$$lua SAN=-fuzz CC=clang CFLAGS='$(FUZZ_FLAGS)' build/fuzz/host-$$lua || exit; done

build/fuzz/core/%: $B/spec/fuzz/core/%.o $B/spec/fuzz/oracle.o $(CORE:%.c=$B/%.o)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ -lcrypto -lz -lm

build/fuzz/host-$(LUA): $(patsubst %.c,$B/%.o,$(CORE) $(GLUE) spec/fuzz/host.c spec/fuzz/oracle.c)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs $(LUA)) -lcrypto -lz -lm

# Minimum line coverage of the specs in per cent.
C_FLOOR   ?= 99
LUA_FLOOR ?= 99
LUA_SPECS := $(filter-out spec/scenarios/properties_spec.lua spec/scenarios/endurance_spec.lua spec/core/% spec/glue/%,$(RUN_SPECS))
COVERED   := SAN=-cov CFLAGS='-O0 -g --coverage' LDFLAGS='--coverage -Wl,--exclude-libs,ALL'

coverage:
	@echo "== coverage: at least $(C_FLOOR) % of the C lines and $(LUA_FLOOR) % of the Lua lines"
	@rm -rf build/coverage && find build -name '*.gcda' -delete
	@$(MAKE) -s $(LUAS:%=build/coverage/%/linecov.so)
	@SPEC_SAMPLES=25 $(MAKE) -s -j2 cover-luajit cover-lua5.4
	@lua5.4 tools/linecov.lua $(LUA_FLOOR)
	@gcovr --filter csrc/ --fail-under-line $(C_FLOOR) build/lua5.4-cov build/luajit-cov

build/coverage/%/linecov.so: tools/linecov.c
	@mkdir -p $(@D)
	@$(CC) $(STD) -O2 -fPIC -shared $(WARN) $(shell $(PKG_CONFIG) --cflags $*) -o $@ $<

cover-luajit:
	@$(MAKE) -s spec LUA=luajit $(COVERED) SPEC='spec/core spec/glue spec/values'

cover-lua5.4:
	@$(MAKE) -s spec LUA=lua5.4 $(COVERED) SPEC='--helper=tools/linecov.lua $(LUA_SPECS)'

# Measures the CPU time of calls as a ratio to a bare socket: doc/performance.md
bench:
	@tools/setup.sh test
	@$(MAKE) -s $(LUAS:%=modules-%) build/bench/socket build/bench/easy build/bench/late
	@bench/run.sh $(LUAS)

# Counts the instructions of calls and compares them with bench/instructions.txt; UPDATE=1 writes that file instead.
bench-instructions:
	@echo "== bench-instructions: the instructions of calls, against bench/instructions.txt"
	@tools/setup.sh instructions
	@$(MAKE) -s $(LUAS:%=plain-%) $(LUAS:%=build/bench/%/counter.so) build/bench/late
	@UPDATE='$(UPDATE)' bench/instructions.sh $(LUAS)

# Measures the same calls with boto3 and the AWS SDK for JavaScript. UPDATE=1 also writes bench/peers.json and doc/performance.svg.
bench-peers:
	@tools/setup.sh peers
	@$(MAKE) -s $(LUAS:%=plain-%)
	@UPDATE='$(UPDATE)' bench/peers.sh $(LUAS)

# Each draws its picture in doc/ with UPDATE=1. coalescing: 64 tasks that read at once, with and without it; hedging: p50, p99 and
# p999 of reads with and without it; throttling: a simulation of one hot key among 1,000 in each retry mode.
bench-coalescing bench-hedging bench-throttling: bench-%:
	@tools/setup.sh test
	@$(MAKE) -s $(LUAS:%=plain-%)
	@UPDATE='$(UPDATE)' bench/$*.sh $(LUAS)

# Measures requests per second and latency inside nginx with a slow service.
bench-nginx:
	@tools/setup.sh bench
	@$(MAKE) -s plain-luajit
	@bench/nginx.sh

build/bench/%/counter.so: bench/counter.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -Wno-pedantic -O2 -g -fPIC -shared $(shell $(PKG_CONFIG) --cflags $*) -o $@ $< -ldl

build/bench/%: bench/%.c bench/bench.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) -Wl,--as-needed -o $@ $< -lcurl -lz

LUA_FILES := $(shell cd lua && find dynamodb -name '*.lua')
TYPES     := $(notdir $(wildcard types/*.lua))

# The types are for editors: programs load none of them, so they are outside of the folders where interpreters look.
install: all install-types
	install -d $(DESTDIR)$(LUA_CMOD)/dynamodb
	install -m 755 $B/dynamodb/core.so $B/dynamodb/curl.so $(DESTDIR)$(LUA_CMOD)/dynamodb
	for file in $(LUA_FILES); do install -D -m 644 lua/$$file $(DESTDIR)$(LUA_LMOD)/$$file || exit; done

.PHONY: install-types
install-types:
	install -d $(DESTDIR)$(LUA_TYPES)/dynamodb
	install -m 644 $(TYPES:%=types/%) $(DESTDIR)$(LUA_TYPES)/dynamodb

uninstall:
	rm -f $(addprefix $(DESTDIR)$(LUA_CMOD)/dynamodb/,core.so curl.so) $(addprefix $(DESTDIR)$(LUA_LMOD)/,$(LUA_FILES)) \
	  $(TYPES:%=$(DESTDIR)$(LUA_TYPES)/dynamodb/%)
	@find $(DESTDIR)$(LUA_CMOD)/dynamodb $(DESTDIR)$(LUA_LMOD)/dynamodb $(DESTDIR)$(LUA_TYPES)/dynamodb -depth -type d -empty -delete 2>/dev/null || true

clean:
	rm -rf build

.PHONY: all demo server test test-engines spec specs modules spec-modules check warnings format luacheck tidy cppcheck reproducible rock rockspec test-built asan valgrind coverage torture faults allocations soak fuzz fuzz-check fuzz-programs bench bench-instructions bench-peers bench-nginx bench-coalescing bench-hedging bench-throttling plain-luajit plain-lua5.4 plain-haproxy install uninstall clean
