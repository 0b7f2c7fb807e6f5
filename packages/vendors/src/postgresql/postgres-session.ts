import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { Client } from "pg";
import { requireUrl } from "../identity-pair.ts";

export const rotationApplication = "sophia-rotation";

const limits = {
  connectionTimeoutMillis: 5_000,
  query_timeout: 10_000,
  statement_timeout: 9_000,
  lock_timeout: 5_000,
};

/** One short session under a URL. Throws AppError: `denied` when the role may not, `unavailable` when nobody answers. */
export async function withPostgres<Result>(url: Secret, work: (client: Client) => Promise<Result>): Promise<Result> {
  const connectionString = requireUrl(url);
  // Loaded when a rotation needs it: every server knows the registry, few rotate.
  const { Client: PostgresClient } = await import("pg");
  const client = new PostgresClient({
    connectionString,
    application_name: rotationApplication,
    ...limits,
  });
  // A connection that ends between two statements would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (thrown) {
    throw toRotationError(thrown);
  } finally {
    await client.end().catch(() => {});
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function toRotationError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  const common = { service: "postgresql", cause: thrown };
  if (code.startsWith("28")) {
    return new AppError("denied", "PostgreSQL refuses the role or its password.", {
      ...common,
      hint: "The role may have been changed by hand.",
    });
  }
  if (code === "42501") {
    return new AppError("denied", "The role may not do what this step needs.", {
      ...common,
      hint: "Rotation needs a role with CREATEROLE and the admin option on both roles: store its URL as the administrator's.",
    });
  }
  if (code === "3D000") return new AppError("invalid_input", "The database in the URL does not exist.", common);
  if (code !== "" && /^[0-9A-Z]{5}$/.test(code) && !/^(08|53|57|58|40|55)/.test(code)) {
    return new AppError("upstream", `PostgreSQL refused a statement of the rotation (${code}).`, {
      ...common,
      retryable: false,
    });
  }
  return new AppError("unavailable", "PostgreSQL does not answer.", { ...common, hint: "Try again when it does." });
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
