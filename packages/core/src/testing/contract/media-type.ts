/** The key of `content` that a Content-Type belongs to: exact, `application/*` or `*` + `/*`. */
export function findMediaType(content: object, contentType: string): string | undefined {
  const [type = ""] = contentType.toLowerCase().split(";");
  const wanted = type.trim();
  const keys = Object.keys(content);
  return (
    keys.find((key) => key.toLowerCase().split(";")[0]?.trim() === wanted) ??
    keys.find((key) => key === `${wanted.split("/")[0]}/*`) ??
    keys.find((key) => key === "*/*")
  );
}

export function isJson(mediaType: string): boolean {
  return /^application\/([\w.-]+\+)?json(;|$)/.test(mediaType);
}
