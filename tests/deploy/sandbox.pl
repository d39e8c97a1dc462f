# SPDX-License-Identifier: MIT
#
# Runs in the sandbox of a service, as its user, and prints a line for each action
# that the sandbox should have prevented. Perl, because every Debian has it.
use strict;
use warnings;
no warnings 'exec'; # a failing exec is the desired outcome
use Socket;

sub could { print "could @_\n" }

# world-writable outside of the sandbox
for my $folder ('/trial/open', '/var/lock', '/var/crash', '/run/lock') {
  next unless -d $folder;
  could("write to $folder") if open my $file, '>', "$folder/sandbox.$$";
}
for my $secret ('/etc/pushlog/app_secret', glob '/run/credentials/*/*') {
  next if index($secret, ($ENV{CREDENTIALS_DIRECTORY} // '-') . '/') == 0;
  could("read $secret") if open my $file, '<', $secret;
}
could('look into homes') if -e '/home/ada/private';
could('see process 1') if -e '/proc/1/status';
could('see /proc/sys') if -e '/proc/sys/kernel/hostname';
could('see devices') if -e '/dev/tty0' || -e '/dev/console' || -e '/dev/kmsg';

my %families = (INET => AF_INET, INET6 => AF_INET6, NETLINK => 16,
  ALG => 38);
for my $name (sort keys %families) {
  could("open a socket of $name")
    if socket my $socket, $families{$name}, $name eq 'NETLINK' ? SOCK_RAW
    : SOCK_STREAM, 0 or $!{ESOCKTNOSUPPORT};
}

could('run a program') if system('/usr/bin/true') == 0;
if (open my $to, '>', '/tmp/program') {
  close $to;
  open my $from, '<', '/usr/bin/true';
  open $to, '>', '/tmp/program';
  { local $/; print $to scalar <$from> }
  close $to;
  chmod 0755, '/tmp/program';
  could('run what it wrote') if system('/tmp/program') == 0;
  unlink '/tmp/program';
}

if ($ENV{MACHINE} eq 'x86_64') { # these are its system call numbers
  my $at = syscall 9, 0, 4096, 7, 0x22, -1, 0;
  could('map memory that is written and run') if $at != -1;
  could('make a namespace') if syscall(272, 0x10000000) == 0;
  could('change its personality') if syscall(135, 0x40000) != -1;
  could('add a key') if syscall(250, 1, 0) != -1; # keyctl
}

open my $status, '<', '/proc/self/status' or die;
my %status = map { /^(\w+):\s*(.*)/ } <$status>;
could('gain privileges') if $status{NoNewPrivs} ne '1';
could("use the capabilities $_ $status{$_}")
  for grep { $status{$_} =~ /[^0]/ } qw(CapEff CapPrm CapBnd CapAmb);
could('call anything of the kernel') if $status{Seccomp} ne '2';
