import { expect, test } from "vitest";
import { resolveScalar } from "./resolve-scalar.ts";

test.for([
  ["1_000", "1000"],
  ["0x1F", "31"],
  ["0o17", "15"],
  ["017", "15"],
  ["08", "8"],
  ["0b101", "5"],
  ["-0", "0"],
  ["+7", "7"],
  ["18446744073709551615", "18446744073709551615"],
  ["18446744073709551616", "1.8446744073709552e+19"],
  ["1.0", "1"],
  ["3.14", "3.14"],
  ["1e3", "1000"],
  ["1e6", "1e+06"],
  ["123456.5", "123456.5"],
  ["1234567.5", "1.2345675e+06"],
  ["0.0001", "0.0001"],
  ["0.00001", "1e-05"],
  [".5", "0.5"],
  [".inf", "+Inf"],
  [".NaN", "NaN"],
] as const)("%s is the number %s", ([text, number]) => {
  expect(resolveScalar(text, true, undefined)).toEqual({ value: { number } });
});

test.for(["yes", "No", "on", "2001-12-14", "1:30", "1.2.3", "0x", "tRue", "._5", "+", "-", "."])(
  "%s is text",
  (text) => {
    expect(resolveScalar(text, true, undefined)).toEqual({ value: text });
  },
);

test("quotes and tags decide", () => {
  expect(resolveScalar("1", false, undefined)).toEqual({ value: "1" });
  expect(resolveScalar("1", true, "!!str")).toEqual({ value: "1" });
  expect(resolveScalar("1", false, "!!float")).toEqual({ value: { number: "1" } });
  expect(resolveScalar("", true, undefined)).toEqual({ value: null });
  expect(resolveScalar("~", true, undefined)).toEqual({ value: null });
  expect(resolveScalar("TRUE", true, undefined)).toEqual({ value: true });
  expect(resolveScalar("x", true, "!!int")).toEqual({ error: "yaml: cannot decode !!str `x` as a !!int" });
  expect(resolveScalar("1", true, "!local")).toEqual({ value: "1" });
});
