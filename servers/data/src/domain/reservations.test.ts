import { expect, test } from "vitest";
import { readMetaReservations, toReservations } from "./reservations.ts";

test.each([
  [null, false, []],
  [null, true, ["tdm-reservation"]],
  ["noai, NoIndex, follow", false, ["noai", "noindex"]],
  ["otherbot: noindex, noarchive, sophiabot: noai", false, ["noai"]],
  ["max-snippet: 20, noimageai, unavailable_after: 25 Jun 2030 15:00:00 PST", false, ["noimageai"]],
  ["noai, noai", true, ["noai", "tdm-reservation"]],
] as const)("%j with reservation %s: %j", (tag, isTdmReserved, expected) => {
  expect(toReservations(tag, isTdmReserved)).toEqual(expected);
});

test("a page may say the same in its head", () => {
  const html = `<head><meta name="robots" content="noai, noimageai"><meta content='noindex' name=SophiaBot>
    <meta name="googlebot" content="noarchive"><meta name="tdm-reservation" content="1"></head>`;
  expect(readMetaReservations(html)).toEqual({ robotsTag: "noai, noimageai, noindex", isTdmReserved: true });
  expect(readMetaReservations("<p>robots</p>")).toEqual({ robotsTag: null, isTdmReserved: false });
});
