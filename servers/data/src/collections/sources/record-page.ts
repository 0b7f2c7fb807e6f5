import type { FoundPage } from "../source.ts";

const textNames = ["markdown", "text", "content", "description", "summary", "bio"];
const titleNames = ["title", "name", "fullName", "headline"];
const addressNames = ["url", "profileUrl", "postUrl", "link", "website"];
const mostCharacters = 200_000;

/** A vendor's record as a document: under its own address where it has one, with all its fields readable. */
export function toRecordPage(record: unknown, place: string): FoundPage {
  const fields = (typeof record === "object" && record !== null ? record : { value: record }) as Record<
    string,
    unknown
  >;
  const text = pickText(fields, textNames);
  const json = JSON.stringify(fields, null, 2).slice(0, mostCharacters);
  const facts = `\`\`\`json\n${json}\n\`\`\``;
  return {
    url: pickAddress(fields) ?? place,
    title: pickText(fields, titleNames)?.slice(0, 300) ?? null,
    body: { kind: "markdown", markdown: text === undefined ? facts : `${text.slice(0, mostCharacters)}\n\n${facts}` },
  };
}

function pickText(fields: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return undefined;
}

function pickAddress(fields: Record<string, unknown>): string | undefined {
  const text = pickText(fields, addressNames);
  const url = text === undefined ? null : URL.parse(text);
  return url && /^https?:$/.test(url.protocol) && url.username === "" ? url.href : undefined;
}
