import { expect, test } from "vitest";
import {
  changePolicy,
  describePolicy,
  fromRow,
  isLooser,
  noPolicy,
  type StoredPolicy,
  toRow,
} from "./stored-policy.ts";

const policy: StoredPolicy = {
  usdPerDay: 5,
  allowedModels: ["a", "b*"],
  dataPolicy: "no_training",
  requestsPerMinute: 60,
};

test("goes into a row and back", () => {
  const row = { ...toRow(policy), caller: "tok_a", version: 1, updated_at: 0 };
  expect(fromRow(row)).toEqual(policy);
  expect(fromRow({ ...row, data_policy: "of a later version" }).dataPolicy).toBe("local");
});

test("a change leaves the rest, and null takes a limit away", () => {
  expect(changePolicy(policy, { usdPerDay: null, usdPerMonth: 90, allowedModels: undefined })).toEqual({
    ...policy,
    usdPerDay: undefined,
    usdPerMonth: 90,
  });
  expect(changePolicy(policy, { allowedModels: null, dataPolicy: null })).toMatchObject(noPolicy);
});

test.each([
  [{ usdPerDay: 4 }, false],
  [{ usdPerDay: 6 }, true],
  [{ usdPerDay: null }, true],
  [{ usdPerMonth: 1 }, false],
  [{ allowedModels: ["a"] }, false],
  [{ allowedModels: ["a", "c"] }, true],
  [{ allowedModels: [] }, true],
  [{ dataPolicy: "local" }, false],
  [{ dataPolicy: "any" }, true],
  [{ requestsPerMinute: 61 }, true],
  [{ tokensPerMinute: 1 }, false],
  [{ usdPerDay: 1, requestsPerMinute: null }, true],
] as const)("%j makes more possible: %s", (change, expected) => {
  expect(isLooser(policy, changePolicy(policy, change))).toBe(expected);
});

test("the first limit of any kind is no loosening", () => {
  expect(isLooser(noPolicy, policy)).toBe(false);
  expect(isLooser(policy, noPolicy)).toBe(true);
});

test("reads as one line", () => {
  expect(describePolicy(policy)).toBe("5 USD a day, models a b*, no_training, 60 requests/min");
  expect(describePolicy(noPolicy)).toBe("");
});
