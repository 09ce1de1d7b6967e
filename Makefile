# One knob: which Lua. `make LUA=luajit` builds beside, never over, `make LUA=lua5.4`.
LUA        ?= lua5.4
PKG_CONFIG ?= pkg-config
LUA_CFLAGS ?= $(if $(LUA_INCDIR),-I$(LUA_INCDIR),$(shell $(PKG_CONFIG) --cflags $(LUA)))
LUA_API    := $(if $(filter luajit%,$(LUA)),5.1,$(LUA:lua%=%))
PREFIX     ?= /usr/local
LUA_CMOD   ?= $(PREFIX)/lib/lua/$(LUA_API)
LUA_LMOD   ?= $(PREFIX)/share/lua/$(LUA_API)

B       ?= build/$(LUA)$(SAN)
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS  ?= -O2 -g
CORE    := $(wildcard csrc/core/*.c)
GLUE    := $(wildcard csrc/lua/*.c)
CURL    := $(wildcard csrc/curl/*.c)
PROBE   := $(wildcard spec/support/probe*.c)
OBJ      = $(patsubst %.c,$B/%.o,$(CORE) $(GLUE) $(CURL) $(PROBE))
# liblua is never linked: the host program brings its own.
LINK     = @mkdir -p $(@D); $(CC) -shared -Wl,--as-needed $(LDFLAGS) -o $@ $^

all: $B/dynamodb/core.so $B/dynamodb/curl.so

$B/dynamodb/core.so: $(patsubst %.c,$B/%.o,$(CORE) $(GLUE))
	$(LINK) -lcrypto -lz -lm

$B/dynamodb/curl.so: $(patsubst %.c,$B/%.o,$(CURL))
	$(LINK) -lcurl

$B/probe.so: $(patsubst %.c,$B/%.o,$(CORE) $(PROBE))
	$(LINK) -lcrypto -lz -lm

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -MMD $(WARN) $(LUA_CFLAGS) $(CFLAGS) -c -o $@ $<

-include $(OBJ:.o=.d)

clean:
	rm -rf build
.PHONY: all clean
