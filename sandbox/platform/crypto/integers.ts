// Whole numbers of RSA's size. Arithmetic of BigInt takes a time that depends on its numbers: whoever raises to a secret power blinds the base first.
import { hooks } from '../hooks.ts';
import { toHex } from './bytes.ts';

export const bytesToInt = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`));

/** Big-endian; without `length` as many bytes as it takes, at least one. */
export const intToBytes = (value: bigint, length?: number): Uint8Array => {
  const hex = value.toString(16);
  const size = length ?? Math.ceil(hex.length / 2);
  const padded = hex.padStart(size * 2, '0');
  if (padded.length > size * 2) throw new RangeError('the number has more bytes than there is room for');
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) bytes[index] = Number.parseInt(padded.slice(index * 2, index * 2 + 2), 16);
  return bytes;
};

export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

/** Four bits of the exponent at a time, with a multiplication for each whatever they are. */
export const powMod = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  if (exponent === 65537n) {
    let square = base % modulus;
    for (let count = 0; count < 16; count += 1) square = (square * square) % modulus;
    return (square * base) % modulus;
  }
  const powers = [1n];
  for (let index = 1; index < 16; index += 1) powers.push(((powers[index - 1] as bigint) * base) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let count = 0; count < 4; count += 1) result = (result * result) % modulus;
    result = (result * (powers[Number.parseInt(digit, 16)] as bigint)) % modulus;
  }
  return result;
};

/** The x with a·x ≡ 1 (mod m); null where there is none. */
export const inverseMod = (value: bigint, modulus: bigint): bigint | null => {
  let [a, b] = [((value % modulus) + modulus) % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return a === 1n ? ((x % modulus) + modulus) % modulus : null;
};

export const randomBytesOf = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  hooks().random(bytes);
  return bytes;
};

/** Evenly from 1 to below `limit`: what is too large is thrown away. */
export const randomBelow = (limit: bigint): bigint => {
  const bits = bitLength(limit);
  for (;;) {
    const bytes = randomBytesOf(Math.ceil(bits / 8));
    bytes[0] = (bytes[0] as number) & (0xff >> (bytes.length * 8 - bits));
    const value = bytesToInt(bytes);
    if (value > 0n && value < limit) return value;
  }
};

const smallPrimes: number[] = [];
for (let candidate = 3; candidate < 2000; candidate += 2)
  if (smallPrimes.every((prime) => candidate % prime !== 0)) smallPrimes.push(candidate);

/** Miller and Rabin with random bases: wrong for fewer than one in 2^100 of numbers that were not chosen to deceive it, and those are our own. */
export const isProbablePrime = (value: bigint, rounds: number): boolean => {
  if (value < 4n) return value > 1n;
  if (value % 2n === 0n) return false;
  for (const prime of smallPrimes) if (value % BigInt(prime) === 0n) return value === BigInt(prime);
  let odd = value - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos += 1;
  for (let round = 0; round < rounds; round += 1) {
    let power = powMod(randomBelow(value - 2n) + 1n, odd, value);
    if (power === 1n || power === value - 1n) continue;
    let isComposite = true;
    for (let count = 1; count < twos && isComposite; count += 1) {
      power = (power * power) % value;
      if (power === value - 1n) isComposite = false;
    }
    if (isComposite) return false;
  }
  return true;
};
