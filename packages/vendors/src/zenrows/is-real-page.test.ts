import { expect, test } from "vitest";
import { isRealPage } from "./is-real-page.ts";

const html = (text: string) => ({ content: { kind: "html" as const, text } });
const long = "Readers of this page find several paragraphs about the weather. ".repeat(20);

test.each([
  [
    "Cloudflare",
    "<head><title>Just a moment...</title></head><body><p>Verify that you are human by waiting.</p></body>",
  ],
  [
    "its script",
    '<p>Checking your browser before it goes on.</p><script src="/cdn-cgi/challenge-platform/h/b/x.js"></script>',
  ],
  [
    "DataDome",
    '<p>Please enable JS and disable any ad blocker</p><script src="https://ct.captcha-delivery.com/c.js"></script>',
  ],
  ["PerimeterX", '<div id="px-captcha"></div><h1>Press and hold to confirm you are a human</h1>'],
  [
    "a widget and little else",
    '<h1>Are you a robot? Tell us below.</h1><div class="box g-recaptcha" data-sitekey="x"></div>',
  ],
  [
    "empty until scripts run",
    '<title>The shop of all shops</title><noscript>Please turn on JavaScript for it.</noscript><div id="root"></div><script src="/app.js"></script></body>',
  ],
])("%s is not the page", (_name, text) => expect(isRealPage(html(text))).toBe(false));

test.each([
  ["an article", `<article>${long}</article>`],
  ["a short page", "<h1>Opening hours</h1><p>Monday to Friday, nine to five.</p>"],
  ["a form with a widget", `<main>${long}</main><form><div class="g-recaptcha"></div></form>`],
  ["an article about Cloudflare's page", `<p>It says cf-chl-bypass. ${long}</p>`],
  ["a page whose head is never closed", "<head><title>x</title><script>1</script><body><p>Nine to five, all week.</p>"],
  ["an empty page without scripts", "<body></body>"],
])("%s is", (_name, text) => expect(isRealPage(html(text))).toBe(true));

test("only HTML is looked into", () => {
  expect(isRealPage({ content: { kind: "text", text: "px-captcha" } })).toBe(true);
});

test("markup that never ends takes no time", () => {
  const startedAt = performance.now();
  isRealPage(html("<script ".repeat(20_000)));
  isRealPage(html("<".repeat(200_000)));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
