// https://docs.snowflake.com/en/developer-guide/node-js/nodejs-driver-authenticate
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { resolveMode } from "../resolve-mode.ts";

const docsUrl = "https://docs.snowflake.com/en/user-guide/programmatic-access-tokens";

/** Any one of them signs in; the first that is set is used. */
const credentialNames = [
  "SNOWFLAKE_TOKEN",
  "SNOWFLAKE_PRIVATE_KEY",
  "SNOWFLAKE_PRIVATE_KEY_PATH",
  "SNOWFLAKE_PASSWORD",
] as const;

export const snowflake = defineService({
  id: "snowflake",
  title: "Snowflake",
  group: "bi",
  purpose: "The warehouse; without an account, DuckDB over your own files.",
  served: ["local"],
  docsUrl,
  config: z.object({
    SNOWFLAKE_ACCOUNT: z
      .string()
      .regex(/^[\w.-]+$/, "must be an account identifier such as myorg-account123, not a URL")
      .optional()
      .describe("Account identifier, such as myorg-account123."),
    SNOWFLAKE_USER: z.string().optional().describe("User to sign in as; best one with a read-only role."),
    SNOWFLAKE_TOKEN: secretString().optional().describe("Programmatic access token or OAuth token."),
    SNOWFLAKE_AUTHENTICATOR: z
      .enum(["PROGRAMMATIC_ACCESS_TOKEN", "OAUTH"], "must be PROGRAMMATIC_ACCESS_TOKEN or OAUTH")
      .default("PROGRAMMATIC_ACCESS_TOKEN")
      .describe("What kind of token SNOWFLAKE_TOKEN is."),
    SNOWFLAKE_PRIVATE_KEY: secretString().optional().describe("Private key in PEM form, instead of a token."),
    SNOWFLAKE_PRIVATE_KEY_PATH: z.string().optional().describe("File that holds the private key."),
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: secretString().optional().describe("Passphrase of the private key."),
    SNOWFLAKE_PASSWORD: secretString()
      .optional()
      .describe("Password. Snowflake is ending sign-in by password alone: prefer a token or a key."),
    SNOWFLAKE_ROLE: z.string().optional().describe("Role to use."),
    SNOWFLAKE_WAREHOUSE: z.string().optional().describe("Warehouse that runs the queries."),
    SNOWFLAKE_DATABASE: z.string().optional().describe("Database to start in."),
    SNOWFLAKE_SCHEMA: z.string().optional().describe("Schema to start in."),
  }),
  keyShape: [
    { variable: "SNOWFLAKE_PRIVATE_KEY", pattern: /^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/, isDistinct: false },
    { variable: "SNOWFLAKE_TOKEN", pattern: /^ey[\w-]+\.[\w-]+\.[\w-]+$/, isDistinct: false },
  ],
  modes({ config, simulate }) {
    const credential = credentialNames.find((name) => config[name] !== undefined) ?? "SNOWFLAKE_TOKEN";
    return resolveMode({
      required: {
        SNOWFLAKE_ACCOUNT: config.SNOWFLAKE_ACCOUNT,
        SNOWFLAKE_USER: config.SNOWFLAKE_USER,
        [credential]: config[credential],
      },
      local: "answers from DuckDB on this machine",
      simulate,
      docsUrl,
    });
  },
});
