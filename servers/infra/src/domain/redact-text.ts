/**
 * Text that a container or a repository wrote, made fit to show: escape sequences and control characters out, what
 * looks like a credential masked. The scrubber knows our own secrets by value; these are other people's, known only
 * by their looks. It errs on the side of masking.
 */
const credentialForms: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  [/\b(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{8,}/gi, "$1 ***"],
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g, "[jwt]"],
  [
    /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|pk-|rk_live_|sk_live_|hf_|pul-|tvly-|apify_api_|npm_)[A-Za-z0-9_-]{8,}/g,
    "***",
  ],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b/g, "***"],
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@]*@/gi, "$1***@"],
  [
    /((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth(?:orization)?)[\w-]{0,20}["']?\s{0,3}[=:]\s{0,3})(?:"[^"]*"?|'[^']*'?|[^\s,;&"']+)/gi,
    "$1***",
  ],
];

// oxlint-disable-next-line no-control-regex -- the sequences terminals obey
const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex -- control, bidirectional and zero-width characters hide text from readers
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line of at most `maximumLength` characters. `scrub` masks our own secrets and runs first, on the whole text. */
export function redactText(text: string, scrub: (text: string) => string, maximumLength = 400): string {
  // Bounded before any pattern runs, so that one huge line costs no more than the longest we would ever read.
  let clean = scrub(text.slice(0, 16_384)).replace(escapeSequences, "").replace(invisible, "");
  for (const [form, mask] of credentialForms) clean = clean.replace(form, mask);
  clean = clean.replace(/\s+/g, " ").trim();
  return clean.length > maximumLength ? `${clean.slice(0, maximumLength).toWellFormed()}…` : clean.toWellFormed();
}
