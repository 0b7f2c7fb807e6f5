const marks = [
  /\?/,
  /_{3}/,
  /"/,
  /\b(?:not|except|least|never|false|incorrect)\b/i,
  /\b(?:all|none) of the|\bboth\b/i,
  /\b(?:following|according)\b/i,
  /\bstatement/i,
  /\bif\b/i,
  /\b(?:calculate|compute|find|solve)\b/i,
  /\b(?:best|most|main)\b/i,
  /\bhow (?:many|much)\b/i,
  /\bhow\b/i,
  /\bwhy\b/i,
  /\bwhen\b/i,
  /\bwhich\b/i,
  /\bwhat\b/i,
  /\bwhere\b/i,
  /\bwho\b/i,
  /[$\\^]|\\frac/,
  /```|;\s*$|\breturn\b/m,
];

/**
 * What a prompt looks like, whatever it is about: lengths as logarithms, parts of its letters, and which marks and
 * question words it has (0 or 1). Always of the same length.
 */
export function readPromptForm(text: string): number[] {
  const [question = "", ...options] = text.split(/\n[A-J][.)] /);
  const lengths = options.length === 0 ? [0] : options.map((option) => option.length);
  const words = text.match(/\p{L}+/gu) ?? [];
  const size = Math.max(1, text.length);
  const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  const digits = count(/\d/g);
  const logs = [
    text.length,
    question.length,
    Math.max(...lengths),
    Math.min(...lengths),
    options.length,
    digits,
    count(/[=+*/^\\<>{}$]/g),
    count(/\n/g),
    count(/\.\s/g),
    count(/,/g),
  ];
  const parts = [
    digits / size,
    count(/\p{Lu}/gu) / size,
    words.join("").length / Math.max(1, words.length),
    options.filter((option) => /^\W*\d/.test(option)).length / Math.max(1, options.length),
  ];
  return [...logs.map(Math.log1p), ...parts, ...marks.map((mark) => (mark.test(text) ? 1 : 0))];
}
