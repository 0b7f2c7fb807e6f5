import { z } from "zod";

const truths: Readonly<Record<string, boolean>> = {
  "1": true,
  true: true,
  yes: true,
  on: true,
  "0": false,
  false: false,
  no: false,
  off: false,
};

/** A switch: 1, true, yes, on or 0, false, no, off, in any case. */
export function switchSetting(fallback: boolean) {
  return z
    .string()
    .transform((text, context) => {
      const key = text.toLowerCase();
      if (Object.hasOwn(truths, key)) return truths[key] === true;
      context.issues.push({
        code: "custom",
        message: "must be 1, true, yes or on, or 0, false, no or off",
        input: text,
      });
      return z.NEVER;
    })
    .default(fallback);
}

/** A whole number in plain decimal digits, nothing before or behind. */
export function wholeNumberSetting(limits: { minimum: number; maximum: number }) {
  const message = `must be a whole number from ${limits.minimum} to ${limits.maximum}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: message, abort: true })
    .transform(Number)
    .pipe(z.number().min(limits.minimum, message).max(limits.maximum, message));
}

/** A number in plain decimal notation: `12`, `0.5`. */
export function decimalSetting(limits: { minimum: number; maximum: number }) {
  const message = `must be a number from ${limits.minimum} to ${limits.maximum}, such as 0.5`;
  return z
    .string()
    .regex(/^\d{1,12}(?:\.\d{1,9})?$/, { error: message, abort: true })
    .transform(Number)
    .pipe(z.number().min(limits.minimum, message).max(limits.maximum, message));
}

export function portSetting(fallback: number) {
  return wholeNumberSetting({ minimum: 1, maximum: 65_535 }).default(fallback);
}

/** Values between commas; blanks around them do not count. */
export function listSetting() {
  return z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== ""),
    )
    .default([]);
}

/** An absolute URL of one of `protocols`, each written with its colon: `["https:", "http:"]`. */
export function urlSetting(protocols: readonly string[]) {
  const message = `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  return z.string().refine((text) => protocols.includes(URL.parse(text)?.protocol ?? ""), message);
}
