/** What the next answers shall suffer, one entry each. */
export type EscFault =
  | { kind: "status"; status: number; retryAfter?: string; body?: string }
  | { kind: "reset" }
  | { kind: "slow"; delayMs: number }
  /** The head comes at once, the body a byte at a time. */
  | { kind: "drip"; everyMs: number }
  | { kind: "redirect"; location: string }
  | { kind: "body"; text: string; contentType: string };

export interface EscFaultSwitch {
  /** `match` limits it to requests such as `GET /api/esc/…`. */
  next(fault: EscFault, times?: number, match?: RegExp): void;
  /** What was not taken yet does not happen. */
  clear(): void;
  take(request: string): EscFault | undefined;
}

export function createEscFaultSwitch(): EscFaultSwitch {
  const waiting: { fault: EscFault; match: RegExp | undefined }[] = [];
  return {
    next(fault, times = 1, match) {
      for (let count = 0; count < times; count++) waiting.push({ fault, match });
    },
    clear() {
      waiting.length = 0;
    },
    take(request) {
      const index = waiting.findIndex(({ match }) => match?.test(request) ?? true);
      return index < 0 ? undefined : waiting.splice(index, 1)[0]?.fault;
    },
  };
}
