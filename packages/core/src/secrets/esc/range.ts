/** A place in a definition: `line` and `column` count from 1, `byte` (UTF-8) from 0. All zero where nothing is known. */
export interface EscPosition {
  line: number;
  column: number;
  byte: number;
}

/** A stretch of one environment's text. `environment` is left out where a value has no source at all. */
export interface EscRange {
  environment?: string;
  begin: EscPosition;
  end: EscPosition;
}

/** The range of what stands in no text, e.g. a value of the execution context. */
export function emptyRange(environment: string): EscRange {
  const nowhere = { line: 0, column: 0, byte: 0 };
  return environment === ""
    ? { begin: nowhere, end: { ...nowhere } }
    : { environment, begin: nowhere, end: { ...nowhere } };
}
