import { expect, test } from "vitest";
import { blackoutSetting } from "./blackout-setting.ts";

test.for([
  ["", []],
  ["08:00-18:00", [{ from: "08:00", to: "18:00" }]],
  ["6 00:00-24:00", [{ days: [6], from: "00:00", to: "24:00" }]],
  [
    "1-5 08:00-18:00 Europe/Berlin, 5-1 22:00-06:00",
    [
      { days: [1, 2, 3, 4, 5], from: "08:00", to: "18:00", timezone: "Europe/Berlin" },
      { days: [5, 6, 0, 1], from: "22:00", to: "06:00" },
    ],
  ],
] as const)("%s", ([text, windows]) => {
  expect(blackoutSetting().parse(text)).toEqual(windows);
});

test.for(["8-18", "08:00", "25:00-26:00", "7 08:00-09:00", "1-5 08:00-18:00 Mars/Base", "08:00-18:00 UTC extra"])(
  "refuses %s",
  (text) => {
    expect(blackoutSetting().safeParse(text).error?.issues[0]?.message).toContain("must be like 1-5");
  },
);
