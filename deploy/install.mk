# SPDX-License-Identifier: MIT
#
# make install: DESTDIR and the usual folders. The files name their neighbours
# as the Debian package has them; what is installed elsewhere gets its folders.

PREFIX ?= /usr/local
sbindir ?= $(PREFIX)/sbin
datadir ?= $(PREFIX)/share
mandir ?= $(datadir)/man
sysconfdir ?= /etc
libdir ?= $(PREFIX)/lib
unitdir ?= $(libdir)/systemd/system
sysusersdir ?= $(libdir)/sysusers.d
tmpfilesdir ?= $(libdir)/tmpfiles.d
share = $(datadir)/pushlog
conf = $(sysconfdir)/pushlog/pushlog.conf

INSTALL_PROGRAMS = messages-fcgi relay
INSTALL_COMMANDS = $(wildcard deploy/pushlog-setup deploy/pushlog-retention)
INSTALL_SHARED = $(wildcard deploy/nginx/* deploy/prometheus/* \
	deploy/grafana/* \
	$(addprefix deploy/systemd/,apps.conf remote.conf webhooks.conf))
INSTALL_UNITS = $(wildcard $(addprefix deploy/systemd/*.,service socket timer))
INSTALL_MAN = $(wildcard deploy/man/*.[1-8])
man_path = $(mandir)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))

# $(call put,MODE,FILE,PATH)
put = echo '  INSTALL $(3)'; sed -e 's|/usr/sbin|$(sbindir)|g' \
	-e 's|/usr/share/pushlog|$(share)|g' \
	-e 's|/etc/pushlog|$(sysconfdir)/pushlog|g' $(2) | \
	install -D -m $(1) /dev/stdin '$(DESTDIR)$(3)';

install: all ## install below PREFIX
	install -D -t '$(DESTDIR)$(sbindir)' $(INSTALL_PROGRAMS:%=$(BUILD)/%)
	rm -rf '$(DESTDIR)$(share)'
	install -D -m 644 -t '$(DESTDIR)$(share)/web' web/dist/*
	install -D -m 644 -t '$(DESTDIR)$(share)/sql' sql/*.sql
	install -D -m 644 -t '$(DESTDIR)$(share)/sql/functions' sql/functions/*.sql
	@set -e; $(foreach f,$(INSTALL_COMMANDS),\
		$(call put,755,$(f),$(sbindir)/$(notdir $(f)))) \
	$(call put,755,deploy/migrate,$(share)/deploy/migrate) \
	$(call put,755,deploy/spawn-fcgi/run,$(share)/deploy/spawn-fcgi/run) \
	$(foreach f,$(INSTALL_SHARED),$(call put,644,$(f),$(share)/$(f))) \
	$(foreach f,$(INSTALL_UNITS),$(call put,644,$(f),$(unitdir)/$(notdir $(f)))) \
	$(foreach f,$(INSTALL_MAN),$(call put,644,$(f),$(call man_path,$(f)))) \
	$(call put,644,deploy/systemd/sysusers.conf,$(sysusersdir)/pushlog.conf) \
	$(call put,644,deploy/systemd/tmpfiles.conf,$(tmpfilesdir)/pushlog.conf) \
	if [ ! -e '$(DESTDIR)$(conf)' ]; then \
		$(call put,644,deploy/pushlog.conf,$(conf)) fi

uninstall: ## remove what install put there, but for the configuration
	rm -f $(patsubst %,'$(DESTDIR)%',\
		$(addprefix $(sbindir)/,$(INSTALL_PROGRAMS) $(notdir $(INSTALL_COMMANDS))) \
		$(addprefix $(unitdir)/,$(notdir $(INSTALL_UNITS))) \
		$(foreach f,$(INSTALL_MAN),$(call man_path,$(f))) \
		$(sysusersdir)/pushlog.conf $(tmpfilesdir)/pushlog.conf)
	rm -rf '$(DESTDIR)$(share)'

# --- the Debian package ---

# A package is built from a tree with debian/ on top, so it gets a tree of its own.
DEB_TREE = $(BUILD)/deb/pushlog
DEB_SOURCES = Makefile LICENSE README.md docs common messages-fcgi relay sql \
	deploy web/dist

deb: ## build the Debian package in build/
	rm -rf $(BUILD)/deb
	mkdir -p $(DEB_TREE)
	cp -a --parents $(DEB_SOURCES) $(DEB_TREE)
	mv $(DEB_TREE)/deploy/debian $(DEB_TREE)
	cd $(DEB_TREE) && dpkg-buildpackage --build=binary --no-sign
	mv $(BUILD)/deb/pushlog_*.deb $(BUILD)/

.PHONY: install uninstall deb
