import type { CST } from "yaml";

export interface TokenSurvey {
  /** Offset of the first collection that is nested beyond the limit. */
  tooDeepAt?: number;
  /** Offset of the last quoted scalar, which is the one that has no end when one has none. */
  lastQuoteAt?: number;
}

/** Looks over a document's tokens before anything walks them by recursion. */
export function surveyTokens(document: CST.Token | undefined, maxDepth: number): TokenSurvey {
  const survey: TokenSurvey = {};
  const pending: { token: CST.Token; depth: number }[] = [];
  if (document?.type === "document" && document.value) pending.push({ token: document.value, depth: 1 });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if ("items" in token) {
      if (depth > maxDepth) survey.tooDeepAt = Math.min(survey.tooDeepAt ?? token.offset, token.offset);
      if (depth > maxDepth) continue;
      for (const { key, value } of token.items) {
        if (key) pending.push({ token: key, depth: depth + 1 });
        if (value) pending.push({ token: value, depth: depth + 1 });
      }
    } else if (token.type === "single-quoted-scalar" || token.type === "double-quoted-scalar") {
      survey.lastQuoteAt = Math.max(survey.lastQuoteAt ?? 0, token.offset);
    }
  }
  return survey;
}
