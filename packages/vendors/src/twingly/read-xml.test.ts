import { describe, expect, test } from "vitest";
import { readXml } from "./read-xml.ts";

test("elements, attributes, text and the five entities", () => {
  const text = `\uFEFF<?xml version="1.0"?><!-- c --><a x='1 &amp; 2'><b> 16405819479794412880 </b><c /><b>&lt;&#229;&gt;<![CDATA[<i>]]></b></a>\n`;
  expect(readXml(text)).toEqual({
    name: "a",
    attributes: { x: "1 & 2" },
    text: "",
    children: [
      { name: "b", attributes: {}, text: "16405819479794412880", children: [] },
      { name: "c", attributes: {}, text: "", children: [] },
      { name: "b", attributes: {}, text: "<å><i>", children: [] },
    ],
  });
  expect(readXml("<a/>")).toEqual({ name: "a", attributes: {}, text: "", children: [] });
});

describe("what is refused", () => {
  test.each([
    ["nothing", ""],
    ["no XML", "Service unavailable"],
    ["an answer that is cut in an element", "<a><b>text</b><b>te"],
    ["an answer that is cut in a tag", "<a><b>text</b></a"],
    ["an answer that is cut after a self-closed element", "<a><b/>"],
    ["wrong nesting", "<a><b></a></b>"],
    ["two roots", "<a></a><b></b>"],
    ["text after the root", "<a></a> more"],
    ["a document type", "<!DOCTYPE a [<!ENTITY x 'xxxx'><!ENTITY y '&x;&x;&x;&x;'>]><a>&y;</a>"],
    ["another document type", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a></a>'],
    ["nesting without end", "<a>".repeat(20_000)],
    ["elements without end", `<a>${"<b/>".repeat(500_001)}</a>`],
  ])("%s", (_name, text) => {
    expect(() => readXml(text)).toThrow(SyntaxError);
  });

  test("and the error does not say what was in it", () => {
    expect(() => readXml("<a>secret")).toThrow(/^(?!.*secret)/);
  });
});

test("entities that nobody declared stay as they are", () => {
  expect(readXml("<a>&x; &nbsp;</a>").text).toBe("&x; &nbsp;");
});
