# LUA selects the Lua. Each Lua has its own directory below build/, so builds for several coexist.
MAKEFLAGS  += --no-print-directory
LUA        ?= lua5.4
PKG_CONFIG ?= pkg-config
LUA_CFLAGS ?= $(if $(LUA_INCDIR),-I$(LUA_INCDIR),$(shell $(PKG_CONFIG) --cflags $(LUA)))
LUA_API    := $(if $(filter luajit%,$(LUA)),5.1,$(LUA:lua%=%))
PREFIX     ?= /usr/local
LUA_CMOD   ?= $(PREFIX)/lib/lua/$(LUA_API)
LUA_LMOD   ?= $(PREFIX)/share/lua/$(LUA_API)

B       ?= build/$(LUA)$(SAN)
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
STD     := -std=c11 -D_GNU_SOURCE
CFLAGS  ?= -O2 -g
CORE    := $(wildcard csrc/core/*.c)
GLUE    := $(wildcard csrc/lua/*.c)
CURL    := $(wildcard csrc/curl/*.c)
PROBE   := $(wildcard spec/support/probe/*.c)
SOURCES := $(CORE) $(GLUE) $(CURL) $(PROBE)
OBJ      = $(SOURCES:%.c=$B/%.o)
# The modules are not linked with liblua, because the host program provides its symbols.
LINK     = @mkdir -p $(@D); $(CC) -shared -Wl,--as-needed $(LDFLAGS) -o $@ $^

all: $B/dynamodb/core.so $B/dynamodb/curl.so

$B/dynamodb/core.so: $(patsubst %.c,$B/%.o,$(CORE) $(GLUE))
	$(LINK) -lcrypto -lz -lm

$B/dynamodb/curl.so: $(patsubst %.c,$B/%.o,$(CURL) csrc/lua/object.c)
	$(LINK) -lcurl -pthread

$B/probe.so: $(patsubst %.c,$B/%.o,$(CORE) $(PROBE))
	$(LINK) -lcrypto -lz -lm

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) -fPIC -fvisibility=hidden -MMD -MP $(WARN) $(LUA_CFLAGS) $(CFLAGS) -c -o $@ $<

-include $(OBJ:.o=.d)

# Runs the tutorial with a local server. Like `test`, it first installs missing packages.
demo:
	@tools/setup.sh demo
	@$(MAKE) -s all
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$B/?.so;;' spec/support/emulator.sh $(LUA) examples/tutorial.lua

# Runs the specs. SPEC holds the arguments of busted: make spec LUA=luajit SPEC='spec/core --filter=crc'
LUAS ?= lua5.4 luajit
SPEC ?= spec
export SPEC SAN

test:
	@echo "== test: the specs on $(LUAS)"
	@tools/setup.sh test
	@$(MAKE) -s specs

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

plain-haproxy:
	@$(MAKE) SAN= CC=cc CFLAGS='-O2 -g' LDFLAGS= build/$(LUA)/dynamodb/core.so

modules-%:
	@$(MAKE) LUA=$* modules

modules: all $B/probe.so
	@:

# Every check is a target of its own. Two run at a time, since specs mostly wait; the builds that they share are made first.
CHECKS := test warnings format luacheck tidy cppcheck rock valgrind torture faults asan coverage

check:
	@tools/setup.sh check
	@$(MAKE) -s spec-modules
	@$(MAKE) -j2 --output-sync=target $(CHECKS)

warnings:
	@echo "== warnings: gcc, gcc -fanalyzer and clang"
	@$(MAKE) -s $(LUAS:%=modules-%) SAN=-gcc CC=gcc CFLAGS='-O2 -Werror -fanalyzer'
	@$(MAKE) -s $(LUAS:%=modules-%) SAN=-clang CC=clang CFLAGS='-O2 -Werror'

format:
	@echo "== format: clang-format of the C files"
	@clang-format --dry-run -Werror $(SOURCES) $(wildcard csrc/*/*.h spec/support/probe/*.h)

luacheck:
	@echo "== luacheck: the Lua files"
	@luacheck --quiet --no-color $(wildcard lua spec examples bench tools)

tidy:
	@echo "== tidy: clang-tidy of the C files"
	@printf '%s\n' $(SOURCES) | xargs -P 4 -I{} clang-tidy --quiet {} -- $(STD) $(LUA_CFLAGS) 2>&1 | \
	  (! grep -vE '^[0-9]* *(warnings? generated\.)?$$') # counts of suppressed warnings; parallel output may mix lines

# Uninitialised variables are left to clang-tidy and valgrind, because cppcheck does not track initialisation in loops and calls.
cppcheck:
	@echo "== cppcheck: the C files"
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  --suppress=uninitvar --suppress=ctuuninitvar --suppress=normalCheckLevelMaxBranches $(SOURCES)

rock:
	@echo "== rock: luarocks builds, packs and installs a release"
	@tools/rock.sh $(LUAS)

# Writes the rockspec of a release: the source is tag vVERSION of the repository at URL, by default the one that this clone came from.
rockspec:
	@tools/rockspec.sh rockspec $(URL)

# nodelete: if a module were unloaded at exit, leak reports would lose its symbols and LeakSanitizer its globals.
# Programs that Lua starts inherit LD_PRELOAD; mktemp does not free its memory at exit.
asan:
	@echo "== asan: the specs with AddressSanitizer, UBSan and LeakSanitizer"
	@mkdir -p build && echo leak:/mktemp >build/lsan.supp
	@$(MAKE) -s specs SAN=-asan CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' \
	  LDFLAGS='-fsanitize=address,undefined -Wl,-z,nodelete' \
	  RUN='env ASAN_OPTIONS=allocator_may_return_null=1 LSAN_OPTIONS=suppressions=$(CURDIR)/build/lsan.supp:print_suppressions=0 LD_PRELOAD=$(shell $(CC) -print-file-name=libasan.so)'

valgrind:
	@echo "== valgrind: the specs of the C core and its Lua binding"
	@$(MAKE) -s spec LUA=lua5.4 SPEC='$(wildcard spec/core spec/glue)' \
	  RUN='valgrind -q --error-exitcode=9 --keep-debuginfo=yes --leak-check=full --errors-for-leak-kinds=definite'

# Seconds for the failures of one kind in one script, about; where they do not suffice, the output tells the step.
TORTURE_SECONDS ?= 25

torture: $(LUAS:%=torture-%)

torture-%:
	@echo "== torture: allocation failures on $*"
	@mkdir -p build/torture
	@$(CC) $(STD) -O1 -g -fsanitize=address,undefined $(shell $(PKG_CONFIG) --cflags $*) \
	  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o build/torture/$* tools/torture.c $(CORE) $(GLUE) $(CURL) \
	  $(shell $(PKG_CONFIG) --libs $*) -lcrypto -lz -lm -lcurl -pthread
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' build/torture/$* $(TORTURE_SECONDS) tools/torture.lua \
	  tools/torture_tasks.lua tools/torture_methods.lua

# Lets system calls fail. AWS_CONFIG_FILE names the folder for the files of credentials.
faults: $(LUAS:%=faults-%)

faults-%:
	@echo "== faults: failures of system calls on $*"
	@$(MAKE) -s modules LUA=$*
	@mkdir -p build/faults/$*
	@$(CC) $(STD) -O1 -g -fPIC -shared $(shell $(PKG_CONFIG) --cflags $*) -o build/faults/$*/faults.so tools/faults.c -ldl
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/$*/?.so;build/faults/$*/?.so;;' \
	  AWS_CONFIG_FILE=$(CURDIR)/build/faults/$*/config \
	  AWS_SHARED_CREDENTIALS_FILE=$(CURDIR)/build/faults/$*/credentials spec/support/emulator.sh \
	  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY LD_PRELOAD=$(CURDIR)/build/faults/$*/faults.so $* tools/faults.lua

# Minimum line coverage of the specs in per cent.
C_FLOOR   ?= 99
LUA_FLOOR ?= 99
LUA_SPECS := $(filter-out spec/scenarios/properties_spec.lua spec/scenarios/endurance_spec.lua spec/core/% spec/glue/%,\
  $(wildcard spec/*_spec.lua spec/*/*_spec.lua))
COVERED   := SAN=-cov CFLAGS='-O0 -g --coverage' LDFLAGS='--coverage -Wl,--exclude-libs,ALL'

coverage:
	@echo "== coverage: at least $(C_FLOOR) % of the C lines and $(LUA_FLOOR) % of the Lua lines"
	@rm -rf build/coverage && mkdir -p build/coverage && find build -name '*.gcda' -delete
	@$(MAKE) -s -j2 cover-luajit cover-lua5.4
	@lua5.4 tools/linecov.lua $(LUA_FLOOR)
	@gcovr --filter csrc/ --fail-under-line $(C_FLOOR) build/lua5.4-cov build/luajit-cov

cover-luajit:
	@$(MAKE) -s spec LUA=luajit $(COVERED)

cover-lua5.4:
	@$(MAKE) -s spec LUA=lua5.4 $(COVERED) SPEC='--helper=tools/linecov.lua $(LUA_SPECS)'

# Measures the CPU time of calls as a ratio to a bare socket.
bench:
	@tools/setup.sh test
	@$(MAKE) -s $(LUAS:%=modules-%) build/bench/socket build/bench/easy build/bench/late
	@bench/run.sh $(LUAS)

# Measures requests per second and latency inside nginx with a slow service.
bench-nginx:
	@tools/setup.sh bench
	@$(MAKE) -s plain-luajit
	@bench/nginx.sh

build/bench/%: bench/%.c bench/bench.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) -Wl,--as-needed -o $@ $< -lcurl

LUA_FILES := $(shell cd lua && find dynamodb -name '*.lua')

install: all
	install -d $(DESTDIR)$(LUA_CMOD)/dynamodb
	install -m 755 $B/dynamodb/core.so $B/dynamodb/curl.so $(DESTDIR)$(LUA_CMOD)/dynamodb
	for file in $(LUA_FILES); do install -D -m 644 lua/$$file $(DESTDIR)$(LUA_LMOD)/$$file || exit; done

uninstall:
	rm -f $(addprefix $(DESTDIR)$(LUA_CMOD)/dynamodb/,core.so curl.so) $(addprefix $(DESTDIR)$(LUA_LMOD)/,$(LUA_FILES))
	@find $(DESTDIR)$(LUA_CMOD)/dynamodb $(DESTDIR)$(LUA_LMOD)/dynamodb -depth -type d -empty -delete 2>/dev/null || true

clean:
	rm -rf build

.PHONY: all demo test spec specs modules spec-modules check warnings format luacheck tidy cppcheck rock rockspec asan valgrind coverage bench bench-nginx plain-luajit plain-haproxy install uninstall clean
