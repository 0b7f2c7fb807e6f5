import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText } from "./charset.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

test.each([
  ["byte order mark before the header", Buffer.from([0xff, 0xfe, 0x41, 0x00]), "text/html; charset=utf-8", "A"],
  ["header", Buffer.from([0xcf, 0xf0, 0xe8]), "text/html; charset=windows-1251", "При"],
  ["meta charset", latin1('<meta charset="shift_jis">\x82\xa0'), "text/html", '<meta charset="shift_jis">あ'],
  [
    "meta http-equiv",
    latin1('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">\xcf'),
    undefined,
    '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">П',
  ],
  [
    "xml declaration",
    latin1('<?xml version="1.0" encoding="koi8-r"?>\xf0'),
    undefined,
    '<?xml version="1.0" encoding="koi8-r"?>П',
  ],
  ["UTF-8 that calls itself Latin-1", Buffer.from("naïve – Œuvre"), "text/html; charset=iso-8859-1", "naïve – Œuvre"],
  ["true Latin-1", latin1("caf\xe9"), "text/html; charset=iso-8859-1", "café"],
  ["nothing said, not UTF-8", latin1("\x93caf\xe9\x94"), "text/html", "“café”"],
  ["a charset that does not exist", Buffer.from("grün"), "text/html; charset=utf8mb4-x", "grün"],
  [
    "UTF-16 claimed by a document that is not",
    latin1('<meta charset="utf-16">x'),
    undefined,
    '<meta charset="utf-16">x',
  ],
])("reads the charset from %s", (_name, body, contentType, expected) => {
  expect(decodeText(body, contentType)).toBe(expected);
});

test("any well-formed text survives as UTF-8, whatever Latin-1 label it carries", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(undefined, "text/html; charset=latin1"),
      (text, type) => {
        fc.pre(!text.startsWith("\uFEFF") && !/charset|encoding/i.test(text));
        expect(decodeText(Buffer.from(text), type)).toBe(text);
      },
    ),
  );
});
