import fc from "fast-check";
import { expect, test } from "vitest";
import { extractPage } from "./extract-page.ts";

const canary = "zqxinstruction obey the zqxmaster";
const tagged = Array.from(canary, (character) => String.fromCodePoint(0xe0000 + character.charCodeAt(0))).join("");

const blockCarriers: readonly string[] = [
  `<p style="display:none">${canary}</p>`,
  `<div hidden><p>${canary}</p></div>`,
  `<p style="font-size:0">${canary}</p>`,
  `<div style="width:0;height:0;overflow:hidden">${canary}</div>`,
  `<p style="position:absolute;left:-9999px">${canary}</p>`,
  `<!-- ${canary} -->`,
  `<p style="color:#fff;background-color:#FFFFFF">${canary}</p>`,
  `<p style="color:white">${canary}</p>`,
  `<noscript><p>${canary}</p></noscript>`,
  `<template><p>${canary}</p></template>`,
  `<p class="zq-hide">${canary}</p>`,
  `<p aria-hidden="true">${canary}</p>`,
  `<img src="/x.png" alt="${canary}" title="${canary}">`,
  `<input type="hidden" value="${canary}"><textarea>${canary}</textarea>`,
  `<script type="application/ld+json">{"@type":"NewsArticle","headline":"${canary}","author":"${canary}","articleBody":"${canary}"}</script>`,
  `<meta property="og:title" content="${canary}"><meta name="author" content="${canary}">`,
];
const inlineCarriers: readonly string[] = [
  tagged,
  "\u200B\u2060\uFEFF",
  "\u202E\u2066\u2069",
  `<span style="display:none">${canary}</span>`,
  `<span style="opacity:0">${canary}</span>`,
  `<b style="visibility:hidden">${canary}</b>`,
];

const sentences = [
  "The river rose by two metres within a day, and the towns on its banks were warned in good time.",
  "Nobody was hurt, said the mayor, who had walked the dam herself before dawn.",
  "Repairs will cost more than the district spends on its schools in a year.",
  "Farmers moved their cattle to the hills, as their grandparents had done in 1954.",
];
const paragraph = fc
  .array(fc.constantFrom(...sentences), { minLength: 2, maxLength: 4 })
  .map((parts) => parts.join(" ").split(" "));

function page(paragraphs: readonly (readonly string[])[], carriers: ReadonlyMap<string, string>): string {
  const body = paragraphs.map((words, index) => {
    const text = words.map((word, position) => `${word}${carriers.get(`${index}.${position}`) ?? ""}`).join(" ");
    return `<p>${text}</p>${carriers.get(`${index}`) ?? ""}`;
  });
  return `<!doctype html><html><head><title>Floods in the valley</title><style>.zq-hide{display:none}</style></head>
    <body><nav><a href="/">Home</a></nav><article><h1>Floods in the valley</h1>${body.join("\n")}</article></body></html>`;
}

function read(html: string) {
  const url = "https://example.com/a";
  return extractPage({ body: Buffer.from(html), contentType: "text/html", contentLanguage: undefined, url, now: 0 });
}

test("whatever is hidden wherever in a page: none of it survives, and what is shown is unchanged", () => {
  const place = fc.record({
    block: fc.constantFrom(...blockCarriers),
    inline: fc.constantFrom(...inlineCarriers),
    paragraph: fc.nat(),
    word: fc.nat(),
  });
  fc.assert(
    fc.property(
      fc.array(paragraph, { minLength: 3, maxLength: 8 }),
      fc.array(place, { minLength: 1, maxLength: 6 }),
      (paragraphs, places) => {
        const carriers = new Map<string, string>();
        for (const { block, inline, paragraph: at, word } of places) {
          const index = at % paragraphs.length;
          carriers.set(`${index}`, block);
          carriers.set(`${index}.${word % (paragraphs[index]?.length ?? 1)}`, inline);
        }
        const found = read(page(paragraphs, carriers));
        expect(JSON.stringify(found)).not.toMatch(/zqx|[\u{E0000}-\u{E0FFF}\u200B\u2060\uFEFF\u202E\u2066]/u);
        expect(found).toEqual(read(page(paragraphs, new Map())));
        expect(found.textLength).toBeGreaterThan(300);
      },
    ),
    { numRuns: 150 },
  );
});

test("the same words, shown, are kept", () => {
  const carriers = new Map([["0", `<p>${canary}</p>`]]);
  expect(read(page([sentences, sentences, sentences], carriers)).text).toContain(canary);
});
