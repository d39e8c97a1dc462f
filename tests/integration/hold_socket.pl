#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# A service manager in small: holds a listening Unix socket and keeps a program
# running that serves it, on descriptor 3 as sd_listen_fds(3) has it or on 0 as
# FastCGI has it. SIGTERM ends both.
#
#     hold_socket.pl SOCKET 0|3 PROGRAM ARGUMENT…
use strict;
use warnings;
use IO::Socket::UNIX;
use POSIX qw(dup2);
use Socket qw(SOCK_STREAM);

my ($path, $fd, @command) = @ARGV;
$^F = 3; # descriptors up to here outlive an exec
unlink $path;
my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path,
  Listen => 1024) or die "$path: $!\n";
chmod 0666, $path;

my ($child, $is_over);
$SIG{TERM} = sub {
  $is_over = 1;
  kill 'TERM', $child if $child;
};
while (!$is_over) {
  $child = fork // die "fork: $!\n";
  if (!$child) {
    $SIG{TERM} = 'DEFAULT';
    dup2(fileno $socket, $fd) // die "dup2: $!\n";
    @ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, 1) if $fd == 3;
    exec @command or die "$command[0]: $!\n";
  }
  while (waitpid($child, 0) == -1) { last unless $!{EINTR} }
  warn "hold_socket: $command[0] ended with $?\n" if $? != 0;
}
unlink $path;
