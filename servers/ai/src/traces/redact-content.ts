/** Whether and how far what was said is kept: `SOPHIA_AI_KEEP_CONTENT`. */
export type KeepContent = "off" | "redacted" | "full";

/** Masks a text, whatever is in it. The very same string when there is nothing to mask. */
export type TextFilter = (text: string) => string;

/**
 * People's particulars and other people's keys, known by their looks. It errs on the side of masking. Each form begins
 * with a word boundary or a fixed text and repeats bounded pieces, so that no text makes it slow.
 */
const forms: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, "[key]"],
  [/\beyJ[\w-]{8,2000}\.[\w-]{4,4000}\.[\w-]{4,1000}/g, "[key]"],
  [
    /\b(?:(?:sk|pk|rk|ak|hf|pat|ghp|gho|ghs|ghu|glpat|xox[abprs])[-_]|AKIA|ASIA|AIza)(?=[\w-]{12})[\w-]{12,200}/g,
    "[key]",
  ],
  [/\b(bearer|basic)\s+[\w.~+/=-]{12,2000}/gi, "$1 [key]"],
  [/\b((?:api[_-]?key|token|secret|password|passwd)["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"',;]{6,500}/gi, "$1[key]"],
  [/\b[0-9a-f]{32,128}\b/gi, "[key]"],
  [/(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}/g, "[email]"],
  [/\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/g, "[iban]"],
  [/\b\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}\b|\b\d{15,16}\b/g, "[card]"],
  [/(?<![\w.])(?:\+|00)\d{1,3}[ ./-]?(?:\(0?\d{1,5}\)[ ./-]?)?\d{1,5}(?:[ ./-]?\d{2,5}){1,4}(?!\w)/g, "[phone]"],
  [/(?<![\w.-])\(?0?\d{2,5}\)?[ /-]\d{3,4}[ -]\d{3,6}(?![\w-])/g, "[phone]"],
];

/** Masks e-mail and bank addresses, phone and card numbers, and what looks like a credential. */
export function redactText(text: string): string {
  let masked = text;
  for (const [form, mask] of forms) masked = masked.replace(form, mask);
  return masked;
}

/** Our own secrets are masked in every mode; a model's answer may repeat one. */
export function createTextFilter(keep: KeepContent, scrub: TextFilter): TextFilter {
  return keep === "redacted" ? (text) => redactText(scrub(text)) : scrub;
}

/** What is left of a text that outlives its call: all, all but what is masked, or that there was one. */
export function createTextKeeper(keep: KeepContent, scrub: TextFilter): TextFilter {
  return keep === "off" ? () => "(not kept)" : createTextFilter(keep, scrub);
}
