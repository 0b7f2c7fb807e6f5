import { toPlainJson } from "@sophia/core/secrets/esc/to-json";
import { evaluate } from "@sophia/core/secrets/esc/evaluate";
import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import { findValue, requireValue } from "./find-value.ts";

const crypter = { encrypt: async (bytes: Uint8Array) => bytes, decrypt: async (bytes: Uint8Array) => bytes };

async function open(source: string) {
  const surroundings = {
    crypter,
    findProvider: () => undefined,
    findRotator: () => undefined,
    context: {},
    loadEnvironment: () => Promise.reject(new AppError("not_found", "There is no such environment.")),
  };
  const { environment } = await evaluate({ name: "p/e", source, mode: "open", surroundings });
  if (environment === undefined) throw new Error("It does not open.");
  return environment;
}

test("a part of a secret is a secret", async () => {
  const environment = await open(`values:
  whole: { fn::fromJSON: { fn::secret: '{"list": ["canary"], "__proto__": "canary"}' } }
  parts: { fn::split: [",", { fn::secret: "canary,canary" }] }
  open: { key: shown }`);
  for (const path of [["whole", "list", 0], ["whole", "__proto__"], ["parts", 0], ["whole", "list"], ["parts"]]) {
    const found = findValue(environment, path);
    expect(found, path.join(".")).toBeDefined();
    expect(found && JSON.stringify(toPlainJson(found, { reveal: false })), path.join(".")).not.toContain("canary");
  }
  expect(toPlainJson(requireValue(environment, ["open", "key"]), { reveal: false })).toBe("shown");
});

test("what is not there is told with what is, unless that is secret", async () => {
  const environment = await open("values: { a: { b: 1, c: 2 }, s: { fn::fromJSON: { fn::secret: '{\"k\": 1}' } } }");
  expect(() => requireValue(environment, ["a", "x"])).toThrow(expect.objectContaining({ hint: "There are: b, c." }));
  expect(() => requireValue(environment, ["s", "x"])).toThrow(
    expect.objectContaining({ hint: expect.not.stringContaining("There are") as unknown }),
  );
  expect(findValue(environment, ["a", "b", "c"])).toBeUndefined();
});
