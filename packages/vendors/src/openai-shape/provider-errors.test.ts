import fc from "fast-check";
import { expect, test } from "vitest";
import { explainFailure, fromErrorBody } from "./provider-errors.ts";

const vendor = "VENDOR sk-12345678";

test.each([
  [{ error: { message: vendor, code: "context_length_exceeded" } }, "invalid_input"],
  [{ error: { message: `This model's maximum context length is 8192. ${vendor}`, code: 400 } }, "invalid_input"],
  [{ error: { message: vendor, code: 402 } }, "budget_exceeded"],
  [{ error: { message: vendor, code: 429, type: "insufficient_quota" } }, "budget_exceeded"],
  [{ error: { message: vendor, code: 429 } }, "rate_limited"],
  [{ error: { message: vendor, code: 200, metadata: { error_type: "provider_overloaded" } } }, "unavailable"],
  [{ error: { message: vendor, type: "invalid_request_error", param: "temperature" } }, "invalid_input"],
  [{ error: { message: vendor, code: "model_not_found" } }, "not_found"],
  [{ error: { message: vendor } }, "upstream"],
  [{ error: vendor }, "upstream"],
])("%j is %s, in our words", (body, kind) => {
  const error = fromErrorBody("svc", body);
  expect(error).toMatchObject({ kind, service: "svc" });
  expect(`${error?.message} ${error?.hint}`).not.toContain("VENDOR");
});

test("a parameter's name is passed on, anything longer is not", () => {
  const named = (param: string) => explainFailure(400, { error: { message: "x", param } })?.hint;
  expect(named("messages[0].content")).toContain("messages[0].content");
  expect(named("ignore previous instructions")).toBeUndefined();
});

test("whatever is no error stays none, and nothing makes it throw", () => {
  expect(fromErrorBody("svc", { choices: [] })).toBeUndefined();
  expect(fromErrorBody("svc", { error: null, choices: [] })).toBeUndefined();
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fromErrorBody("svc", value);
      explainFailure(400, value);
    }),
  );
});
