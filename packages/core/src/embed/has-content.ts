const letterOrDigit = /[\p{L}\p{N}]/u;

/** Whether a text says anything that a model could place. Services refuse empty ones; their vectors are zero. */
export function hasContent(text: string): boolean {
  return letterOrDigit.test(text);
}
