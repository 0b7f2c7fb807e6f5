import type { Word } from "./words.ts";

export type QuestionKind =
  | "time"
  | "place"
  | "person"
  | "reason"
  | "amount"
  | "count"
  | "duration"
  | "distance"
  | "frequency"
  | "age"
  | "manner"
  | "open";

const patterns: readonly (readonly [QuestionKind, RegExp])[] = [
  ["amount", /\bhow (?:much|expensive|cheap)\b|\bwhat (?:is |are |was |does |do |will |would )?(?:the )?(?:price|cost|fee|charge)s?\b/u],
  ["count", /\bhow many\b|\bwhat (?:is )?(?:the )?number of\b/u],
  ["duration", /\bhow (?:long|soon|fast|quick|quickly)\b/u],
  ["distance", /\bhow far\b|\bwhat (?:is )?the distance\b/u],
  ["frequency", /\bhow (?:often|frequently)\b/u],
  ["age", /\bhow old\b|\bwhat (?:is )?(?:the |your |my |his |her )?age\b/u],
  ["reason", /\bwhy\b|\bhow come\b|\bwhat (?:is |are |was |were )?(?:the |some )?(?:reason|cause)s?\b|\bwhat causes\b/u],
  ["time", /\bwhen\b(?! i\b| you\b| we\b| my\b| the\b.*,)|\b(?:what|which) (?:time|date|day|year|month)\b|\bwhat (?:is|was) the (?:date|time)\b/u],
  ["place", /\bwhere\b|\b(?:what|which) (?:place|city|country|town|location)\b/u],
  ["person", /\bwho\b|\bwhom\b|\bwhose\b|\b(?:what|which) person\b/u],
  ["manner", /^how (?:do|can|could|should|would|to|does|did|is|are|will|might|may)\b|\b(?:way|ways|best way|steps) (?:to|of)\b/u],
]; // prettier-ignore
/** A `how` or a `what` may be asked in many words; these may not. */
const apart = new Set<QuestionKind>([
  "time",
  "place",
  "person",
  "reason",
  "amount",
  "count",
  "duration",
  "distance",
  "frequency",
  "age",
]);

export function readQuestionKind(words: readonly Word[]): QuestionKind {
  const line = words.map((word) => word.text).join(" ");
  // A subordinate `when` or `where` late in the text asks nothing.
  const head = words
    .slice(0, 6)
    .map((word) => word.text)
    .join(" ");
  for (const [kind, pattern] of patterns) {
    if (pattern.test(kind === "time" || kind === "place" || kind === "person" ? head : line)) return kind;
  }
  return "open";
}

/** Whether both may ask for the same thing: `why` and `when` never do, `how can I` and `what is the way to` may. */
export function mayAskTheSame(left: QuestionKind, right: QuestionKind): boolean {
  if (left === right) return true;
  if (apart.has(left) && apart.has(right)) return false;
  return !((left === "reason" && right === "manner") || (left === "manner" && right === "reason"));
}
