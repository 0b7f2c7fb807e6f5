import { recogniseKey } from "@sophia/vendors/recognise-key";

const secretName = /pass(?:wd|word|phrase)?|pwd|secret|token|credential|(?:api|private|access|signing).?key/i;
/** Bits that the characters of a value could carry: below this, people's words and numbers. */
const minimumBits = 40;

/** Would somebody regret it if this value lay in a shell's history? By its name, or as a key of a known vendor. */
export function looksSecret(key: string, text: string): boolean {
  const recognition = recogniseKey(key, text);
  if (recognition.kind === "known" && (recognition.by === "shape" || recognition.by === "name and shape")) return true;
  if (recognition.kind === "conflict") return true;
  // `https://user:password@host`, also under a name that is no secret as a rule.
  if ((URL.parse(text)?.password ?? "") !== "") return true;
  return secretName.test(key) && estimateBits(text) >= minimumBits;
}

function estimateBits(text: string): number {
  const pools = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/];
  const sizes = [26, 26, 10, 33];
  const size = pools.reduce((sum, pool, index) => sum + (pool.test(text) ? (sizes[index] ?? 0) : 0), 0);
  return size === 0 ? 0 : new Set(text).size * Math.log2(size);
}
