import { expect, test } from "vitest";
import { createScramVerifier } from "./scram-verifier.ts";

test("the verifier is the one of RFC 7677's exchange for the password pencil", () => {
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  expect(createScramVerifier("pencil", salt)).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
});

test("two verifiers of one password differ by their salt and hold nothing of it", () => {
  const [one, other] = [createScramVerifier("canary-password"), createScramVerifier("canary-password")];
  expect(one).not.toBe(other);
  expect(one).not.toContain("canary");
});
