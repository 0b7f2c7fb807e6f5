import { AppError } from "@sophia/core/errors/app-error";
import { evaluate } from "@sophia/core/secrets/esc/evaluate";
import { expect, test } from "vitest";
import { checkVariables } from "./check-variables.ts";

async function check(variables: string) {
  const bytes = async (given: Uint8Array): Promise<Uint8Array> => given;
  const { environment } = await evaluate({
    name: "sophia/e",
    source: `values:\n  environmentVariables:\n${variables}`,
    mode: "open",
    surroundings: {
      crypter: { encrypt: bytes, decrypt: bytes },
      findProvider: () => undefined,
      findRotator: () => undefined,
      context: {},
      loadEnvironment: () => Promise.reject(new AppError("not_found", "There is no such environment.")),
    },
  });
  return environment === undefined ? undefined : checkVariables(environment);
}

test("what a server would not start with is found, at its place and without its value", async () => {
  const found = await check(
    "    SOPHIA_PORT_AI: 80910\n    SOPHIA_TOKEN: { fn::secret: canary-short }\n    SNOWFLAKE_ACCOUNT: https://canary\n    SOPHIA_PROT_BI: 1\n",
  );
  expect(found?.map(({ path, range }) => `${path}:${range?.begin.line}`)).toEqual([
    "environmentVariables.SOPHIA_TOKEN:4",
    "environmentVariables.SOPHIA_PORT_AI:3",
    "environmentVariables.SNOWFLAKE_ACCOUNT:5",
    "environmentVariables.SOPHIA_PROT_BI:6",
  ]);
  expect(JSON.stringify(found)).not.toContain("canary");
});

test("what is right, and what is none of ours, is not told", async () => {
  expect(await check("    SOPHIA_PORT_AI: 8091\n    SOME_OTHER: { fn::secret: x }\n")).toEqual([]);
});
