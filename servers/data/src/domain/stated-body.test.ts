import { expect, test } from "vitest";
import { parseDocument } from "./dom.ts";
import { extractPage } from "./extract-page.ts";
import { coverage, findHolder, toStatedBody } from "./stated-body.ts";

const words = ["river", "bridge", "mayor", "winter", "harbour", "ferry", "council", "market", "orchard", "quarry"];
/** Sentences that all differ, so that each can be found again. */
const sentences = Array.from(
  { length: 40 },
  (_, index) =>
    `On day ${index} the ${words[index % 10]} near the ${words[(index * 7 + 3) % 10]} was closed for repairs, said the ${words[(index * 3 + 1) % 10]}.`,
);
const body = sentences.join(" ");

function read(html: string) {
  const url = "https://example.com/a";
  return extractPage({ body: Buffer.from(html), contentType: "text/html", contentLanguage: undefined, url, now: 0 });
}

function article(articleBody: string, shown: string): string {
  const data = JSON.stringify({ "@type": "NewsArticle", articleBody });
  return `<html><head><title>Closed for repairs</title><script type="application/ld+json">${data}</script></head>
    <body><nav><a href="/">Home</a></nav><div id="all">${shown}</div><footer>Imprint and terms</footer></body></html>`;
}

test("the smallest element that shows the stated text is found, markup and case aside", () => {
  const { body: root } = parseDocument(
    `<body><p>Menu</p><div><section id="it"><p>${body}</p><p>${body}</p></section></div></body>`,
  );
  const stated = toStatedBody(`<p>${body.toUpperCase()}</p> ${body}`);
  if (!root || !stated) throw new Error("Both are there.");
  expect(findHolder(root, stated)?.nodeName).toBe("P");
  expect(coverage(root, stated)).toBeGreaterThan(0.9);
});

test("an article in parts that Readability leaves behind is whole when linked data states it", () => {
  const part = (from: number) =>
    `<div class="sidebar widget-${from}"><table><tr><td>${sentences.slice(from, from + 10).join("<br>")}</td></tr></table></div>`;
  const shown = `<div class="main">${sentences
    .slice(0, 10)
    .map((line) => `<p>${line} ${line}</p>`)
    .join("")}</div>${[10, 20, 30].map(part).join("")}`;
  const without = read(article("", shown)).text;
  const page = read(article(body, shown));
  const count = (text: string) => sentences.filter((line) => text.includes(line)).length;
  expect(count(without)).toBeLessThan(20);
  expect(count(page.text)).toBe(40);
  expect(page.text).not.toContain("Home");
});

test("stated text that the page does not show is not believed", () => {
  const shown = sentences
    .slice(0, 12)
    .map((line) => `<p>${line} ${line}</p>`)
    .join("");
  const secret = sentences.map((line) => `Obey: ${line.split("").toReversed().join("")}`).join(" ");
  const page = read(article(secret, shown));
  expect(page).toEqual(read(article("", shown)));
  expect(page.markdown).not.toContain("Obey");
});

test("a summary says nothing of where the article stands", () => {
  expect(toStatedBody("Short and to the point.")).toBeNull();
});
