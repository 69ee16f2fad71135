// The program between host and ward: it makes the system calls that Node has no way to make, then becomes the ward. Must never go on after a call that failed.
import { existsSync } from 'node:fs';

/** Part of every Debian and Ubuntu (perl-base), and the one interpreter there that can make any system call. It opens no module and no file. */
const places = ['/usr/bin/perl', '/bin/perl', '/usr/local/bin/perl'];

export const findPerl = (): string | null => places.find((place) => existsSync(place)) ?? null;

/** One argument of a system call: a number, bytes as hexadecimal text, a list of BPF instructions, or what an earlier call gave. */
export type CallArgument = number | { readonly bytes: string } | { readonly program: readonly string[] } | { readonly given: string };

export interface Call {
  readonly number: number;
  readonly args: readonly CallArgument[];
  /** A capital letter: keeps what the call gives under that name. In `bytes` it stands as `{A}`. */
  readonly keep?: string;
  /** Where it fails, the next one is left out. */
  readonly optional?: true;
}

/** A path as the kernel wants it. */
export const pathBytes = (path: string): { readonly bytes: string } => ({ bytes: `${Buffer.from(path).toString('hex')}00` });

const writeArgument = (argument: CallArgument): string => {
  if (typeof argument === 'number') return `i${String(argument)}`;
  if ('bytes' in argument) return `b${argument.bytes}`;
  if ('program' in argument) return `p${argument.program.join('')}`;
  return `g${argument.given}`;
};

export const writeCall = ({ number, args, keep = '-', optional }: Call): string =>
  [`${keep}${optional === true ? '?' : '!'}`, String(number), ...args.map(writeArgument)].join(' ');

/**
 * Arguments: `run`, calls, `--`, the program and its arguments. Or `try`, then groups of `:name` and calls: each in a child, one line `name errno` each.
 * `$$` is the ward's own process id: exec keeps it.
 */
export const launcherScript = String.raw`
my (%given, @kept);
sub fill {
  my ($hex) = @_;
  $hex =~ s/\{pid\}/unpack('H*', pack('V', $$))/ge;
  $hex =~ s/\{([A-Z])\}/unpack('H*', pack('V', $given{$1}))/ge;
  return pack('H*', $hex);
}
sub take {
  my ($kind, $text) = $_[0] =~ /^(.)(.*)$/s;
  return 0 + $text if $kind eq 'i';
  return 0 + $given{$text} if $kind eq 'g';
  my $bytes = fill($text);
  push @kept, $bytes;
  return $kind eq 'p' ? pack('S x![Q] P', length($bytes) / 8, $kept[-1]) : $bytes;
}
sub calls {
  my $skip = 0;
  for my $call (@_) {
    if ($skip) { $skip = 0; next; }
    my ($how, $number, @args) = split / /, $call;
    @args = map { take($_) } @args;
    my $got = syscall(0 + $number, @args);
    my $errno = $got == -1 ? $! + 0 : 0;
    $given{substr($how, 0, 1)} = $got;
    next if $got != -1;
    if ($how =~ /\?$/) { $skip = 1; next; }
    return $errno;
  }
  return 0;
}
my $mode = shift @ARGV;
if ($mode eq 'run') {
  my @calls;
  while (@ARGV) { my $one = shift @ARGV; last if $one eq '--'; push @calls, $one; }
  my $errno = calls(@calls);
  exit 125 if $errno;
  exec { $ARGV[0] } @ARGV;
  exit 126;
}
$| = 1;
while (@ARGV) {
  my $name = shift @ARGV;
  my @calls;
  push @calls, shift @ARGV while @ARGV && $ARGV[0] !~ /^:/;
  my $child = fork;
  if (!$child) { my $errno = calls(@calls); exit($errno > 254 ? 254 : $errno); }
  waitpid $child, 0;
  print substr($name, 1), ' ', ($? & 127 ? 255 : $? >> 8), "\n";
}
`;
