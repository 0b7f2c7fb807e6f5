/** A number as ESC compares it: an integer of at most 64 bits times a power of two. */
export interface BinaryNumber {
  digits: bigint;
  exponent: number;
}

// Beyond this many digits before or after the point, nobody waits for an exact answer.
const maxScale = 1_000;
const precision = 64;

/** A number's text → the nearest number of 64 bits; undefined for what is no number, is infinite or out of reason. */
export function parseBinaryNumber(text: string): BinaryNumber | undefined {
  const match = /^([-+]?)(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = match;
  const exponent = Number(exponentText) - fraction.length;
  if (Math.abs(exponent) > maxScale || whole.length + fraction.length > maxScale) return undefined;
  const magnitude = BigInt(`${whole}${fraction}`);
  const scale = 10n ** BigInt(Math.abs(exponent));
  const rounded = exponent < 0 ? divide(magnitude, scale) : divide(magnitude * scale, 1n);
  return sign === "-" ? { ...rounded, digits: -rounded.digits } : rounded;
}

/** Less than zero, zero or more than zero, as `a` is less than, equal to or more than `b`. */
export function compareBinaryNumbers(a: BinaryNumber, b: BinaryNumber): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.digits << BigInt(a.exponent - exponent);
  const right = b.digits << BigInt(b.exponent - exponent);
  return left < right ? -1 : Number(left > right);
}

/** Whether `a` divided by `b`, rounded to 64 bits, is a whole number. */
export function isBinaryMultiple(a: BinaryNumber, b: BinaryNumber): boolean {
  if (b.digits === 0n) return false;
  const quotient = divide(absolute(a.digits), absolute(b.digits));
  const exponent = quotient.exponent + a.exponent - b.exponent;
  return exponent >= 0 || quotient.digits % (1n << BigInt(-exponent)) === 0n;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The quotient of two numbers that are not negative, rounded to the nearest number of 64 bits, half to even. */
function divide(dividend: bigint, divisor: bigint): BinaryNumber {
  if (dividend === 0n) return { digits: 0n, exponent: 0 };
  const shift = precision + 1 + bitLength(divisor) - bitLength(dividend);
  const scaled = shift > 0 ? dividend << BigInt(shift) : dividend;
  const by = shift < 0 ? divisor << BigInt(-shift) : divisor;
  const quotient = scaled / by;
  const excess = BigInt(bitLength(quotient) - precision);
  const half = 1n << (excess - 1n);
  const rest = quotient & ((1n << excess) - 1n);
  const digits = quotient >> excess;
  const isAbove = rest > half || (rest === half && (scaled % by !== 0n || (digits & 1n) === 1n));
  return { digits: isAbove ? digits + 1n : digits, exponent: Number(excess) - shift };
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
