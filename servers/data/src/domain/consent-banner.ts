import { foldedText, type PageDocument } from "./dom.ts";

/** Names of banners, those of the widespread products included. */
const bannerName =
  /(?:cookie|gdpr|consent|privacy)[\w-]*(?:banner|consent|notice|bar|law|popup|modal|dialog|overlay|message|wall|manager|disclaimer)|(?:banner|notice|popup|modal|overlay)[\w-]*(?:cookie|gdpr|consent)|onetrust|cybotcookiebot|didomi|qc-cmp|usercentrics|truste|sp_message|cmplz|borlabs|klaro|osano/i;
const bannerWords =
  /\bcookies?\b|\bgdpr\b|\bconsent\b|\bprivacy\b|\bdatenschutz|\beinwilligung|\bconfidentialité|\bprivacidad|\bprivacidade|クッキー/iu;

/** Takes away, in place, what asks for consent in front of a page: by name and words both, and never most of the page. */
export function removeConsentBanners(document: PageDocument): void {
  const { body } = document;
  if (!body) return;
  const named = [...body.querySelectorAll("[class], [id], [aria-modal]")].filter(
    (element) =>
      (bannerName.test(`${element.getAttribute("class") ?? ""} ${element.id}`) ||
        element.getAttribute("aria-modal") === "true") &&
      !/^(?:BODY|MAIN|ARTICLE)$/.test(element.nodeName),
  );
  if (named.length === 0) return;
  const whole = foldedText(body).length;
  for (const element of named) {
    const text = foldedText(element);
    if (text.length < whole * 0.5 && bannerWords.test(text) && !element.querySelector("article, main, h1")) {
      element.remove();
    }
  }
}
