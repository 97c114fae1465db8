#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What a router should make of routes, written down plainly and apart from the
# project's code: route origin validation by RFC 6811.
#
# usage: rov.pl probes VRPS...          routes that tell the VRPs apart, "prefix AS"
#        rov.pl states ROUTES VRPS...   for each of the sets VRPS a file VRPS.states: "state prefix AS"
#                                   for each route, the state being V, ! or N as bgpctl prints it
#
# VRPs are lines "prefix maxlen AS".
use strict;
use warnings;
use Socket qw(inet_pton AF_INET AF_INET6);

# Every VRP's longest route, and for one in eight the route that is one bit too
# long.  AS0 can originate nothing, so such a VRP is probed with another AS.
sub probes {
	my %seen;
	my $n = 0;
	for my $file (@_) {
		open my $in, '<', $file or die "$file: $!\n";
		while (<$in>) {
			my ($prefix, $max, $as) = split;
			my ($addr) = split m{/}, $prefix;
			my $bits = $addr =~ /:/ ? 128 : 32;
			$as ||= 64499;
			for my $len ($max, $n++ % 8 == 0 && $max < $bits ? $max + 1 : ()) {
				print "$addr/$len $as\n" unless $seen{"$addr/$len $as"}++;
			}
		}
	}
}

sub states {
	my ($routes, @sets) = @_;
	for my $vrps (@sets) {
		my (%table, %lengths, %allowed);
		open my $in, '<', $vrps or die "$vrps: $!\n";
		while (<$in>) {
			my ($prefix, $max, $as) = split;
			my ($bits, $len) = bits($prefix);
			push @{ $table{substr($bits, 0, 1 + $len)} }, "$max $as";
			$lengths{length $bits}{$len} = 1;
			# A short cut to what is valid by the VRP it was made from.
			$prefix =~ s{/.*}{/$max};
			$allowed{"$prefix $as"} = 1 if $as != 0;
		}
		$_ = [sort { $a <=> $b } keys %$_] for values %lengths;
		open $in, '<', $routes or die "$routes: $!\n";
		open my $out, '>', "$vrps.states" or die "$vrps.states: $!\n";
		while (<$in>) {
			chomp;
			print $out ($allowed{$_} ? 'V' : state($_, \%table, \%lengths)), " $_\n";
		}
		close $out or die "$vrps.states: $!\n";
	}
}

sub state {
	my ($prefix, $origin) = split ' ', $_[0];
	my ($table, $lengths) = @_[1, 2];
	my ($bits, $len) = bits($prefix);
	my $state = 'N';
	for my $covering (@{ $lengths->{length $bits} }) {
		last if $covering > $len;
		for (@{ $table->{substr($bits, 0, 1 + $covering)} // [] }) {
			my ($max, $as) = split;
			return 'V' if $len <= $max && $as == $origin && $as != 0;
			$state = '!';
		}
	}
	return $state;
}

# The address as a string of 0 and 1, led by its family so that 0.0.0.0 and :: differ.
sub bits {
	my ($addr, $len) = split m{/}, shift;
	my $v6 = $addr =~ /:/;
	my $raw = inet_pton($v6 ? AF_INET6 : AF_INET, $addr) // die "$addr\n";
	return (($v6 ? '6' : '4') . unpack('B*', $raw), $len);
}

my %command = (probes => \&probes, states => \&states);
my $command = shift // '';
die "usage: rov.pl probes|states FILE...\n" unless $command{$command};
$command{$command}->(@ARGV);
