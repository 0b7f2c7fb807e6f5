import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// The site that both crawl: pages of 6 to 30 kB with navigation, an article and links, the same for every run.

const words = "harbour rate market winter station council growth river price engine student garden letter signal".split(
  " ",
);

function sentence(seed: number): string {
  return Array.from({ length: 14 }, (_, index) => words[(seed * 7 + index * index + (seed >>> 3)) % words.length]).join(
    " ",
  );
}

function page(number: number): string {
  const paragraphs = Array.from({ length: 12 + (number % 40) }, (_, index) => {
    const seed = number * 31 + index;
    return `<p class="body">${sentence(seed)}. <a href="/p/${seed % 5_000}">${words[seed % words.length]}</a> &amp; ${sentence(seed + 1)}. ${sentence(seed + 2)}.</p>`;
  });
  const menu = Array.from(
    { length: 30 },
    (_, index) => `<li class="menu-item"><a href="/s/${index}">Section ${index}</a></li>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page ${number}: ${sentence(number).slice(0, 40)}</title>
<style>.body{margin:0}</style><script>window.dataLayer=[];</script></head><body><nav><ul>${menu.join("")}</ul></nav>
<article><h1>Page ${number}</h1>${paragraphs.join("\n")}</article><footer>Contact</footer></body></html>`;
}

const pages = Array.from({ length: 500 }, (_, number) => Buffer.from(page(number)));
const server = createServer((request, response) => {
  if (request.url === "/robots.txt") {
    response.writeHead(200, { "content-type": "text/plain" }).end("User-agent: *\nDisallow: /private/\n");
    return;
  }
  const body = pages[Number(request.url?.split("/").at(-1)) % pages.length];
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(body);
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit());
