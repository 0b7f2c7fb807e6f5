import { AppError } from "@sophia/core/errors/app-error";

const defaultUrl = "https://api.pulumi.com";
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Where the API is. PULUMI_BACKEND_URL also names state stores such as `file://~` or `s3://bucket`: those hold no
 * environments, which then stay at Pulumi's own address. Throws AppError `not_configured`.
 */
export function resolveEscBaseUrl(backendUrl: string | undefined): URL {
  const text = backendUrl?.trim() ?? "";
  if (!/^https?:/i.test(text)) return new URL("/api/esc", defaultUrl);
  if (!URL.canParse(text)) throw badUrl("is not an address");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") throw badUrl("holds a user name or a password");
  if (url.protocol === "http:" && !loopback.test(url.hostname)) throw badUrl("would send the token unencrypted");
  url.search = "";
  url.hash = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/api/esc`;
  return url;
}

function badUrl(reason: string): AppError {
  return new AppError("not_configured", `PULUMI_BACKEND_URL ${reason}.`, {
    service: "pulumi-esc",
    hint: `Set it to the address of a Pulumi Cloud, e.g. ${defaultUrl}, or leave it out.`,
  });
}
