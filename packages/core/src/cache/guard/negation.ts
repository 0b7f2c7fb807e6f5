import type { Word } from "./words.ts";

/** Words that deny, in the languages a company's questions are likely to come in. */
const negators = new Set(
  (
    "not no never without none nobody nothing nowhere neither nor unable hardly barely refuse refuses refused fail fails failed " +
    "failing except excluding unless lacking lack lacks stop stops stopped nicht kein keine keinen keiner nie niemals ohne nichts jamais pas sans aucun aucune rien sin nunca " +
    "ningún ninguno ninguna nada jamás non senza mai nessuno niente não nao sem nenhum nenhuma geen niet nooit zonder nie bez ni не нет без никогда ei ikke inte utan uden"
  ).split(" "),
);
/** Said about the one who asks, not about what is asked. */
const frames: readonly RegExp[] = [
  /\bi (?:do|did) not (?:know|understand|get|see|remember|recall)(?: (?:how|what|where|why|when|if|which|who))?/gu,
  /\bi (?:can|could) not (?:figure out|find out|remember|recall|understand|find|see|seem to)/gu,
  /\b(?:i am )?not (?:sure|certain)(?: (?:how|what|where|why|if|about))?/gu,
  /\b(?:i have )?no (?:idea|clue)(?: (?:how|what|where|why))?/gu,
  /\bif (?:you )?do not mind|\bwhy not\b|\bor not\b|\bif not\b|\bnot only\b|\bno problem\b|\bno longer\b(?= than)/gu,
  /\b(?:do|does|did|is|are|was|were|can|could|would|will|should) not (?:you|we|it|that|this|there)\b(?=.*\?)/gu,
];
const signs = /[不没沒無无非未勿]|ない|ません|なし|않|못|없|아니/gu;

export interface Negation {
  /** How often the text denies something; an even number and none are not the same. */
  count: number;
  /** Stems of the words that follow a negator at once. */
  denied: ReadonlySet<string>;
}

export function readNegation(words: readonly Word[], text: string): Negation {
  const line = words.map((word) => word.text).join(" ");
  const mark = text.includes("?") ? " ?" : "";
  let cleaned = `${line}${mark}`;
  for (const frame of frames) cleaned = cleaned.replace(frame, " ");
  const rest = cleaned.split(/\s+/u);
  const denied = new Set<string>();
  let count = cleaned.match(signs)?.length ?? 0;
  for (const [index, word] of rest.entries()) {
    if (!negators.has(word)) continue;
    // `not unable`, `cannot stop`: what follows at once belongs to the same denial.
    if (index > 0 && negators.has(rest[index - 1] ?? "")) continue;
    count += 1;
    const next = rest.slice(index + 1).find((other) => !skipped.has(other) && !negators.has(other));
    const known = words.find((other) => other.text === next);
    if (known) denied.add(known.stem);
  }
  return { count, denied };
}

const skipped = new Set("a an the be been to being have has had able i you it my any so very really".split(" "));
