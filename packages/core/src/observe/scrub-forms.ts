/** One spelling of a secret: found by its first `prefixLength` characters, masked as far as the text goes on to agree. */
export interface SecretForm {
  text: string;
  prefixLength: number;
}

/** Shortest value that can be told from ordinary text. Shorter ones are not registered. */
export const minimumSecretLength = 8;

const fingerprintLength = 12;

/** Words before the random part that are no secret: a fingerprint that ends inside them would mask innocent names. */
const publicPrefix = /^(?:sophia_[a-z]+_|[a-z][a-z0-9+.-]*:\/\/)/;

const databaseSchemes = new Set(["postgres:", "postgresql:", "redis:", "rediss:"]);

/** Every spelling under which `value` can turn up in a log line, an error text or an answer. */
export function buildSecretForms(value: string): SecretForm[] {
  const forms = new Map<string, SecretForm>();
  for (const part of listSecretParts(value)) {
    const escaped = {
      text: escapeJson(part.text),
      fingerprint: escapeJson(part.text.slice(0, part.fingerprint)).length,
    };
    for (const form of [...spell(part), ...(escaped.text === part.text ? [] : spell(escaped))]) {
      const known = forms.get(form.text);
      if (!known || known.prefixLength > form.prefixLength) forms.set(form.text, form);
    }
  }
  return [...forms.values()];
}

/** A connection URL is secret as a whole and in its password; without a password it is an address and stays readable. */
function listSecretParts(value: string): { text: string; fingerprint: number }[] {
  const whole = { text: value, fingerprint: fingerprintLength + (publicPrefix.exec(value)?.[0].length ?? 0) };
  const url = value.includes("://") ? URL.parse(value) : null;
  if (!url) return [whole];
  if (url.password === "") return databaseSchemes.has(url.protocol) && !/pass/i.test(url.search) ? [] : [whole];
  const account = `${url.username}:${url.password}@${url.host}`;
  const parts = [
    { ...whole, fingerprint: value.length },
    { text: account, fingerprint: account.length },
    { text: `:${url.password}@`, fingerprint: url.password.length + 2 },
    { text: `:${decode(url.password)}@`, fingerprint: fingerprintLength },
    { text: url.password, fingerprint: fingerprintLength },
    { text: decode(url.password), fingerprint: fingerprintLength },
  ];
  return parts.filter((part) => part.text.length >= minimumSecretLength);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function spell(part: { text: string; fingerprint: number }): SecretForm[] {
  const head = part.text.slice(0, part.fingerprint);
  const spellings: ((text: string) => string)[] = [
    (text) => text,
    encodePercent,
    (text) => lowerEscapes(encodePercent(text)),
    (text) => new URLSearchParams([["", text]]).toString().slice(1),
    escapeJson,
    (text) => escapeJson(escapeJson(text)),
    (text) => escapeJson(text).replaceAll("/", String.raw`\/`),
    (text) => escapeUnicode(escapeJson(text)),
    (text) => Buffer.from(text).toString("hex"),
    (text) => Buffer.from(text).toString("hex").toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => [
      (text: string) => encodeBase64(text, offset, "base64"),
      (text: string) => encodeBase64(text, offset, "base64url"),
    ]),
  ];
  return spellings.map((spelling) => {
    const text = spelling(part.text);
    return { text, prefixLength: Math.max(minimumSecretLength, Math.min(text.length, spelling(head).length)) };
  });
}

/** Only the characters that depend on nothing but `text` when `offset` unknown bytes stand before it and others follow. */
function encodeBase64(text: string, offset: number, encoding: "base64" | "base64url"): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((bytes.length * 8) / 6);
  return bytes.toString(encoding).slice(first, last);
}

function encodePercent(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escapeUnicode(text: string): string {
  return text.replace(/[^\u0020-\u007e]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
