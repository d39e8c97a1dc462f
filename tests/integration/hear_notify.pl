#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The ear of a service manager: makes a datagram socket and prints what comes,
# a line each, whose line breaks are blanks.
#
#     hear_notify.pl SOCKET
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);

$| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0])
  or die "$ARGV[0]: $!\n";
chmod 0666, $ARGV[0];
print "HEARING\n";
while (defined $socket->recv(my $state, 4096)) {
  $state =~ tr/\n/ /;
  print "$state\n";
}
