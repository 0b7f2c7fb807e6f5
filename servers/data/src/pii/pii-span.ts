export type PiiKind = "email" | "iban" | "card" | "ssn" | "ip" | "phone";

/** A place in a text that names or reaches a person. `start` and `end` count UTF-16 units, `end` is exclusive. */
export interface PiiSpan {
  kind: PiiKind;
  start: number;
  end: number;
}
